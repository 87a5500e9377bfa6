package dev.assetmanagerd.cli;

import com.google.protobuf.UnsafeByteOperations;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Streams one file to one node. The file is read only as fast as the node takes it, and hashed on
 * the way.
 */
final class FileUpload implements ClientResponseObserver<UploadAssetRequest, UploadAssetResponse> {
  /** What the node answered, and the SHA-256 of what was sent to it, in lower-case hexadecimal. */
  record Result(UploadAssetResponse response, String checksum) {}

  private final UploadAssetMetadata metadata;
  private final InputStream input;
  private final int chunkBytes;
  private final Progress progress;
  private final MessageDigest digest = sha256();
  private final CompletableFuture<UploadAssetResponse> response = new CompletableFuture<>();
  private boolean metadataSent;
  private boolean allSent;

  private FileUpload(
      UploadAssetMetadata metadata, InputStream input, int chunkBytes, Progress progress) {
    this.metadata = metadata;
    this.input = input;
    this.chunkBytes = chunkBytes;
    this.progress = progress;
  }

  /**
   * Blocks until the node has answered.
   *
   * @throws StatusRuntimeException what the call failed with
   * @throws CallFailedException when the file cannot be read
   */
  static Result run(
      Channel channel,
      Deadline deadline,
      UploadAssetMetadata metadata,
      Path file,
      int chunkBytes,
      Progress progress) {
    progress.restart();
    try (InputStream input = Files.newInputStream(file)) {
      FileUpload upload = new FileUpload(metadata, input, chunkBytes, progress);
      var unused =
          AssetManagerServiceGrpc.newStub(channel).withDeadline(deadline).uploadAsset(upload);
      return new Result(upload.await(), HexFormat.of().formatHex(upload.digest.digest()));
    } catch (IOException e) {
      throw new CallFailedException(Status.Code.INTERNAL, false, "cannot read the file: " + e);
    }
  }

  private UploadAssetResponse await() {
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
  public void beforeStart(ClientCallStreamObserver<UploadAssetRequest> requestStream) {
    requestStream.setOnReadyHandler(() -> send(requestStream));
  }

  private void send(ClientCallStreamObserver<UploadAssetRequest> requests) {
    try {
      while (requests.isReady() && !allSent) {
        sendNext(requests);
      }
    } catch (IOException e) {
      requests.cancel("cannot read the file", e);
    }
  }

  private void sendNext(ClientCallStreamObserver<UploadAssetRequest> requests) throws IOException {
    if (!metadataSent) {
      metadataSent = true;
      requests.onNext(UploadAssetRequest.newBuilder().setMetadata(metadata).build());
      return;
    }
    byte[] chunk = input.readNBytes(chunkBytes);
    if (chunk.length == 0) {
      allSent = true;
      requests.onCompleted();
      return;
    }
    digest.update(chunk);
    // The array is not touched again, so it need not be copied.
    requests.onNext(
        UploadAssetRequest.newBuilder().setChunk(UnsafeByteOperations.unsafeWrap(chunk)).build());
    progress.sent(chunk.length);
  }

  @Override
  public void onNext(UploadAssetResponse message) {
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

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
