package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.storage.blob.BlobWriter;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/** The uploads that run on this node, each in one stream. Thread-safe. */
final class Uploads implements AutoCloseable {
  private final AssetServiceOptions options;
  private final String nodeId;
  private final BlobWriter blobs;
  private final BlobPublisher publisher;
  private final Executor executor;
  private final InboundStreams streams;

  Uploads(
      AssetServiceOptions options,
      String nodeId,
      BlobWriter blobs,
      BlobPublisher publisher,
      Executor executor,
      ScheduledExecutorService scheduler) {
    this.options = options;
    this.nodeId = nodeId;
    this.blobs = blobs;
    this.publisher = publisher;
    this.executor = executor;
    this.streams =
        new InboundStreams(
            "uploads", options.maxUploads(), options.uploadIdleTimeout(), executor, scheduler);
  }

  StreamObserver<UploadAssetRequest> start(
      CallScope scope, ServerCallStreamObserver<UploadAssetResponse> response) {
    return streams.start(new UploadCall(new Host(scope), scope.expectedChecksum()), response);
  }

  /** Number of uploads that run now. */
  int running() {
    return streams.running();
  }

  @Override
  public void close() {
    streams.close();
  }

  private final class Host implements UploadCall.Host {
    private final CallScope scope;

    Host(CallScope scope) {
      this.scope = scope;
    }

    @Override
    public Asset validate(UploadAssetMetadata metadata) {
      return AssetRequests.upload(metadata, options);
    }

    @Override
    public Spool openSpool() throws IOException {
      return Spool.open(blobs, nodeId, options.maxAssetBytes(), executor);
    }

    @Override
    public Asset publish(Asset wanted, SpooledFile bytes) throws IOException {
      scope.asksFor(
          wanted.toBuilder()
              .setSizeBytes(bytes.sizeBytes())
              .setChecksum(bytes.digest().hex())
              .build());
      return publisher.publish(scope, wanted, bytes);
    }
  }
}
