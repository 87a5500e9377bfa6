package dev.assetmanagerd.asset;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.AppendUpload;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.UploadState;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.Ulids;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.transfer.v1.WriteUploadHeader;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;

/** The streams of bytes for open uploads that run on this node. Thread-safe. */
final class UploadWrites implements AutoCloseable {
  private final RegistryAccess registry;
  private final TransferSettings settings;
  private final OpenUploads uploads;
  private final UploadCompletion.Spools spools;
  private final ExecutorService partThreads;
  private final FailPoints failPoints;
  private final Clock clock;
  private final Ulids ids = new Ulids(new SecureRandom());
  private final InboundStreams streams;

  /**
   * @param maxRunning how many there may be at the same time
   * @param idleTimeout a stream whose client sends nothing for this long is ended
   * @param partThreads brings parts to the store, one of each stream at a time
   * @param clock for the time in the names of parts
   */
  UploadWrites(
      RegistryAccess registry,
      TransferSettings settings,
      OpenUploads uploads,
      UploadCompletion.Spools spools,
      int maxRunning,
      Duration idleTimeout,
      ExecutorService partThreads,
      ScheduledExecutorService timer,
      Clock clock,
      FailPoints failPoints) {
    this.registry = registry;
    this.settings = settings;
    this.uploads = uploads;
    this.spools = spools;
    this.partThreads = partThreads;
    this.failPoints = failPoints;
    this.clock = clock;
    this.streams = new InboundStreams("streams", maxRunning, idleTimeout, partThreads, timer);
  }

  StreamObserver<WriteUploadRequest> start(
      CallScope scope, ServerCallStreamObserver<WriteUploadResponse> response) {
    return streams.start(new WriteCall(new Host(scope), settings.partBytes()), response);
  }

  /** Number of streams that run now. */
  int running() {
    return streams.running();
  }

  @Override
  public void close() {
    streams.close();
  }

  private final class Host implements WriteCall.Host {
    private final CallScope scope;

    Host(CallScope scope) {
      this.scope = scope;
    }

    @Override
    public UploadState begin(WriteUploadHeader header) {
      String id = Fields.id("upload_id", header.getUploadId());
      OpenUploads.Found found = uploads.findNow(id, registry.deadlineAfterTransfer());
      UploadState upload = found.state();
      if (!upload.getAssetId().isEmpty()) {
        throw ApiErrors.failedPrecondition(
            "upload_id: the upload is complete; it became asset "
                + ApiErrors.quoted(upload.getAssetId()));
      }
      if (upload.getDirect()) {
        throw ApiErrors.failedPrecondition(
            "upload_id: the upload is direct; its bytes go to the store with the signed request");
      }
      if (header.getOffset() != upload.getOffset()) {
        throw ApiErrors.failedPrecondition(
            "offset: the upload goes on at offset %d, not at %d"
                .formatted(upload.getOffset(), header.getOffset()));
      }
      return upload;
    }

    @Override
    public Spool openSpool() throws IOException {
      return spools.open(settings.partBytes());
    }

    @Override
    public UploadState append(UploadState upload, SpooledFile part, ByteString digestState)
        throws IOException {
      String partId = ids.next(clock.millis());
      settings
          .parts()
          .putPart(upload.getId(), partId, part.path(), part.digest(), part.sizeBytes());
      failPoints.hit(FailPoint.UPLOAD_AFTER_PART_PUT);
      Command.Builder command =
          Command.newBuilder()
              .setAppendUpload(
                  AppendUpload.newBuilder()
                      .setUploadId(upload.getId())
                      .setOffset(upload.getOffset())
                      .setSizeBytes(part.sizeBytes())
                      .setPartId(partId)
                      .setDigestState(digestState));
      Deadline deadline = registry.deadlineAfterTransfer();
      UploadState appended =
          registry.proposeAndWait(scope, command, deadline).getUploadAppended().getUpload();
      failPoints.hit(FailPoint.UPLOAD_AFTER_PART_APPEND);
      return appended;
    }

    @Override
    public WriteCall.PendingPart start(WriteCall.PartTask task) {
      Callable<UploadState> inContext = Context.current().wrap(task::run);
      Future<UploadState> future = partThreads.submit(inContext);
      return () -> await(future);
    }

    @Override
    public WriteUploadResponse answer(UploadState upload) {
      // Whatever has been appended last has set its life to its whole length.
      return WriteUploadResponse.newBuilder()
          .setUpload(
              OpenUploads.message(upload, upload.getExpiresAtMillis() - upload.getTtlMillis()))
          .build();
    }
  }

  private static UploadState await(Future<UploadState> future) throws IOException {
    try {
      return future.get(); // ends with the store's and the registry's own bounds
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw ApiErrors.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiErrors.outcomeUnknown("interrupted; the node is probably stopping");
    }
  }
}
