package dev.assetmanagerd.asset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class VerifiedFilesTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private Path directory;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Thread> asking = new CopyOnWriteArrayList<>();
  private final CountDownLatch mayRead = new CountDownLatch(1);
  private final CompletableFuture<Void> begun = new CompletableFuture<>();
  private final AtomicInteger reads = new AtomicInteger();
  private final VerifiedFiles files = new VerifiedFiles(this::open);
  private Path file;
  private Sha256 digest;

  @BeforeEach
  void write() throws IOException {
    file = Files.write(directory.resolve("file"), ServiceFixture.bytes(10_000, 1));
    digest = Hashing.sha256(file).digest();
  }

  @AfterEach
  void stop() {
    mayRead.countDown();
    threads.shutdownNow();
  }

  @Test
  void manyWhoAskAtOnceHaveTheFileReadOnce() throws Exception {
    List<Future<Boolean>> answers =
        IntStream.range(0, 8).mapToObj(i -> ask(Context.ROOT, LONG)).toList();
    awaitWaiting(8);

    mayRead.countDown();

    for (Future<Boolean> answer : answers) {
      assertThat(answer.get(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(reads).hasValue(1);
    assertThat(files.isRight(file, digest, LONG)).as("remembered").isTrue();
    assertThat(reads).hasValue(1);
  }

  @Test
  void allWhoAskAtOnceHearThatTheFileIsWrong() throws Exception {
    Files.write(file, ServiceFixture.bytes(10_000, 2));
    Future<Boolean> first = ask(Context.ROOT, LONG);
    Future<Boolean> second = ask(Context.ROOT, LONG);
    awaitWaiting(2);

    mayRead.countDown();

    assertThat(first.get(20, TimeUnit.SECONDS)).isFalse();
    assertThat(second.get(20, TimeUnit.SECONDS)).isFalse();
    assertThat(reads).hasValue(1);
  }

  @Test
  void whoWaitsForTheReadOfAnotherOneDoesSoNoLongerThanItsTimeout() {
    Future<Boolean> first = ask(Context.ROOT, LONG);
    begun.orTimeout(20, TimeUnit.SECONDS).join();

    StatusRuntimeException late =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> files.isRight(file, digest, Duration.ofMillis(50)));

    assertThat(late.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(late.getStatus().getDescription()).contains("10000 bytes", "deadline");
    assertThat(first.isDone()).isFalse();
  }

  @Test
  void whoReadsDoesSoNoLongerThanItsTimeout() {
    mayRead.countDown();

    StatusRuntimeException late =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> files.isRight(file, digest, Duration.ZERO));

    assertThat(late.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
  }

  @Test
  void whoWaitsReadsItselfWhenTheCallOfTheFirstEnds() throws Exception {
    Context.CancellableContext call = Context.ROOT.withCancellation();
    Future<Boolean> first = ask(call, LONG);
    begun.orTimeout(20, TimeUnit.SECONDS).join();
    Future<Boolean> second = ask(Context.ROOT, LONG);
    awaitWaiting(2);

    assertThat(call.cancel(null)).isTrue();
    mayRead.countDown();

    assertThatThrownBy(() -> first.get(20, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("CANCELLED");
    assertThat(second.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(reads).hasValue(2);
  }

  @Test
  void whoWaitsStopsWhenItsOwnCallEnds() {
    Context.CancellableContext call = Context.ROOT.withCancellation();
    Future<Boolean> first = ask(Context.ROOT, LONG);
    begun.orTimeout(20, TimeUnit.SECONDS).join();
    Future<Boolean> second = ask(call, LONG);
    awaitWaiting(2);

    assertThat(call.cancel(null)).isTrue();

    assertThatThrownBy(() -> second.get(20, TimeUnit.SECONDS)).hasMessageContaining("CANCELLED");
    assertThat(first.isDone()).isFalse();
  }

  private Future<Boolean> ask(Context call, Duration timeout) {
    return threads.submit(
        call.wrap(
            () -> {
              asking.add(Thread.currentThread());
              return files.isRight(file, digest, timeout);
            }));
  }

  /** All of them wait for a time: one for its turn to read, the others for that one. */
  private void awaitWaiting(int count) {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(asking)
                    .hasSize(count)
                    .allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));
  }

  private ReadableByteChannel open(Path path) throws IOException {
    reads.incrementAndGet();
    FileChannel channel = FileChannel.open(path);
    return new ReadableByteChannel() {
      @Override
      public int read(ByteBuffer target) throws IOException {
        begun.complete(null);
        try {
          assertThat(mayRead.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
        return channel.read(target);
      }

      @Override
      public boolean isOpen() {
        return channel.isOpen();
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
