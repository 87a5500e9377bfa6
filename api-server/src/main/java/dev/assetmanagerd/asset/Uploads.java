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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The uploads that run on this node: how many there may be, and which of them are idle. */
final class Uploads implements AutoCloseable {
  private final AssetServiceOptions options;
  private final String nodeId;
  private final BlobWriter blobs;
  private final BlobPublisher publisher;
  private final Executor executor;
  private final Semaphore permits;
  private final Set<UploadCall> running = ConcurrentHashMap.newKeySet();
  private final ScheduledFuture<?> idleCheck;

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
    this.permits = new Semaphore(options.maxUploads());
    long idleNanos = options.uploadIdleTimeout().toNanos();
    long checkNanos = Math.max(1, idleNanos / 4);
    this.idleCheck =
        scheduler.scheduleWithFixedDelay(
            () -> executor.execute(() -> running.forEach(upload -> upload.failIfIdle(idleNanos))),
            checkNanos,
            checkNanos,
            TimeUnit.NANOSECONDS);
  }

  StreamObserver<UploadAssetRequest> start(
      CallScope scope, ServerCallStreamObserver<UploadAssetResponse> response) {
    if (!permits.tryAcquire()) {
      throw ApiErrors.resourceExhausted(
          options.maxUploads() + " uploads run on this node already; try another one, or later");
    }
    UploadCall upload = new UploadCall(new Host(scope), scope.expectedChecksum(), response);
    running.add(upload);
    upload.start();
    return upload;
  }

  /** Number of uploads that run now. */
  int running() {
    return running.size();
  }

  @Override
  public void close() {
    idleCheck.cancel(false);
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

    @Override
    public void ended(UploadCall upload) {
      if (running.remove(upload)) {
        permits.release();
      }
    }
  }
}
