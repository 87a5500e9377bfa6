package dev.assetmanagerd.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Streams a file, or the rest of one, to one node. The file is read only as fast as the node takes
 * it, and hashed on the way.
 *
 * @param <Q> a message of the call
 * @param <S> the answer
 */
final class FileStream<Q, S> implements ClientResponseObserver<Q, S> {
  /**
   * What is sent.
   *
   * @param offset where to begin in the file
   * @param first message, before those with bytes
   * @param chunk makes a message of bytes
   * @param chunkBytes bytes in a message
   */
  record Source<Q>(
      Path file, long offset, Q first, Function<ByteString, Q> chunk, int chunkBytes) {}

  /** What the node answered, and the SHA-256 of the bytes sent, in lower-case hexadecimal. */
  record Result<S>(S response, String checksum) {}

  private final Source<Q> source;
  private final InputStream input;
  private final Progress progress;
  private final MessageDigest digest = Digests.newSha256();
  private final CompletableFuture<S> response = new CompletableFuture<>();
  private boolean firstSent;
  private boolean allSent;

  private FileStream(Source<Q> source, InputStream input, Progress progress) {
    this.source = source;
    this.input = input;
    this.progress = progress;
  }

  /**
   * Blocks until the node has answered.
   *
   * @param call begins the call, which has a deadline
   * @throws StatusRuntimeException what the call failed with
   * @throws CallFailedException when the file cannot be read
   */
  static <Q, S> Result<S> send(
      Source<Q> source, Progress progress, Consumer<ClientResponseObserver<Q, S>> call) {
    progress.restart(source.offset());
    try (InputStream input = Files.newInputStream(source.file())) {
      input.skipNBytes(source.offset());
      FileStream<Q, S> stream = new FileStream<>(source, input, progress);
      call.accept(stream);
      return new Result<>(stream.await(), Digests.hex(stream.digest));
    } catch (IOException e) {
      throw new CallFailedException(Status.Code.INTERNAL, false, "cannot read the file: " + e);
    }
  }

  private S await() {
    try {
      return response.get(); // ends with the call's deadline
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StatusRuntimeException status) {
        throw status;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException(Status.Code.CANCELLED, true, "interrupted");
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> requestStream) {
    requestStream.setOnReadyHandler(() -> send(requestStream));
  }

  private void send(ClientCallStreamObserver<Q> requests) {
    try {
      while (requests.isReady() && !allSent) {
        sendNext(requests);
      }
    } catch (IOException e) {
      requests.cancel("cannot read the file", e);
    }
  }

  private void sendNext(ClientCallStreamObserver<Q> requests) throws IOException {
    if (!firstSent) {
      firstSent = true;
      requests.onNext(source.first());
      return;
    }
    byte[] chunk = input.readNBytes(source.chunkBytes());
    if (chunk.length == 0) {
      allSent = true;
      requests.onCompleted();
      return;
    }
    digest.update(chunk);
    // The array is not touched again, so it need not be copied.
    requests.onNext(source.chunk().apply(UnsafeByteOperations.unsafeWrap(chunk)));
    progress.sent(chunk.length);
  }

  @Override
  public void onNext(S message) {
    response.complete(message);
  }

  @Override
  public void onError(Throwable failure) {
    response.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    response.completeExceptionally(
        Status.INTERNAL
            .withDescription("the node ended the call without an answer")
            .asRuntimeException());
  }
}
