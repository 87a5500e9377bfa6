package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/**
 * Requests to the bucket that end within their time, in one way or another. Thread-safe.
 *
 * <p>An attempt has a third of a request's time, so that one that is lost in the network does not
 * use up that of the attempts after it.
 */
final class S3Calls {
  private static final int ATTEMPTS_PER_CALL = 3;

  /** The SDK keeps the time; this is for the case that it does not. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final S3AsyncClient client;
  private final S3Options options;
  private final S3Errors errors;

  S3Calls(S3AsyncClient client, S3Options options) {
    this.client = client;
    this.options = options;
    this.errors = new S3Errors(options.storeName());
  }

  S3AsyncClient client() {
    return client;
  }

  S3Options options() {
    return options;
  }

  S3Errors errors() {
    return errors;
  }

  /** Gives a request its time. */
  Consumer<AwsRequestOverrideConfiguration.Builder> within(long bodyBytes) {
    return within(limit(bodyBytes));
  }

  Consumer<AwsRequestOverrideConfiguration.Builder> within(Duration limit) {
    return config ->
        config.apiCallTimeout(limit).apiCallAttemptTimeout(limit.dividedBy(ATTEMPTS_PER_CALL));
  }

  /** How long a request may take, with its repetitions, whose body is of this size. */
  Duration limit(long bodyBytes) {
    long transfer = bodyBytes / options.minBytesPerSecond();
    return options.timeout().plusSeconds(transfer * ATTEMPTS_PER_CALL);
  }

  /**
   * Waits for an answer.
   *
   * @param what was asked, for messages
   */
  <T> T await(String what, long bodyBytes, CompletableFuture<T> answer) throws IOException {
    return await(what, limit(bodyBytes), answer);
  }

  <T> T await(String what, Duration limit, CompletableFuture<T> answer) throws IOException {
    try {
      return awaitRaw(limit, answer);
    } catch (ExecutionException | TimeoutException e) {
      throw errors.map(what, e);
    }
  }

  /** As {@link #await}, for callers who look at the failure themselves. */
  <T> T awaitRaw(Duration limit, CompletableFuture<T> answer)
      throws InterruptedIOException, ExecutionException, TimeoutException {
    return awaitRaw(limit, answer, unwanted -> {});
  }

  /**
   * As above.
   *
   * @param discard gets an answer that came at the very moment when nobody waited for it any more
   */
  <T> T awaitRaw(Duration limit, CompletableFuture<T> answer, Consumer<T> discard)
      throws InterruptedIOException, ExecutionException, TimeoutException {
    return awaitWithin(limit.plus(GRACE), answer, discard);
  }

  static <T> T awaitWithin(Duration limit, CompletableFuture<T> answer, Consumer<T> discard)
      throws InterruptedIOException, ExecutionException, TimeoutException {
    try {
      return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      giveUp(answer, discard);
      throw new TimeoutException("no answer in " + limit.toMillis() + " ms");
    } catch (InterruptedException e) {
      giveUp(answer, discard);
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("waiting for S3");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private static <T> void giveUp(CompletableFuture<T> answer, Consumer<T> discard) {
    if (!answer.cancel(true) && !answer.isCompletedExceptionally()) {
      discard.accept(answer.join());
    }
  }
}
