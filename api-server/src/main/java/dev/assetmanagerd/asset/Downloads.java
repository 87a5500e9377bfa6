package dev.assetmanagerd.asset;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.transfer.v1.DownloadAssetRequest;
import dev.assetmanagerd.transfer.v1.DownloadAssetResponse;
import dev.assetmanagerd.transfer.v1.DownloadHeader;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The downloads that run on this node. Each has a thread, which waits for its reader, and a lease,
 * so that no byte of the asset is deleted before the last one is sent. Thread-safe.
 */
final class Downloads {
  /** With what is around them, messages stay below 256 KiB. */
  private static final int CHUNK_BYTES = (256 << 10) - 64;

  private final RegistryAccess registry;
  private final WorkingLeases working;
  private final AssetStreams streams;
  private final Executor threads;
  private final int maxRunning;
  private final Duration idleTimeout;
  private final Duration fetchTimeout;
  private final Semaphore permits;

  /**
   * @param threads as many as downloads may run
   * @param maxRunning downloads at a time; more are refused
   * @param idleTimeout a download whose reader takes nothing for this long is ended
   * @param fetchTimeout how long bytes that have to be fetched first are waited for, where the
   *     caller sent no deadline
   */
  Downloads(
      RegistryAccess registry,
      WorkingLeases working,
      AssetStreams streams,
      Executor threads,
      int maxRunning,
      Duration idleTimeout,
      Duration fetchTimeout) {
    this.registry = registry;
    this.working = working;
    this.streams = streams;
    this.threads = threads;
    this.maxRunning = maxRunning;
    this.idleTimeout = idleTimeout;
    this.fetchTimeout = fetchTimeout;
    this.permits = new Semaphore(maxRunning);
  }

  /** Which bytes of an asset. */
  private record Range(long offset, long length) {
    static Range of(DownloadAssetRequest request, Asset asset) {
      long size = asset.getSizeBytes();
      if (request.getOffset() > size) {
        throw ApiErrors.outOfRange(
            "offset: is %d, but asset %s has %d bytes"
                .formatted(request.getOffset(), ApiErrors.quoted(asset.getId()), size));
      }
      long rest = size - request.getOffset();
      long wanted = request.getLength();
      return new Range(request.getOffset(), wanted == 0 ? rest : Math.min(wanted, rest));
    }

    boolean isAllOf(Asset asset) {
      return length == asset.getSizeBytes();
    }
  }

  void start(
      CallScope scope,
      DownloadAssetRequest request,
      ServerCallStreamObserver<DownloadAssetResponse> response) {
    String id = Fields.id("id", request.getId());
    notNegative("offset", request.getOffset());
    notNegative("length", request.getLength());
    if (!permits.tryAcquire()) {
      throw ApiErrors.resourceExhausted(
          maxRunning + " downloads run on this node already; try another one, or later");
    }
    boolean started = false;
    try {
      PacedStream<DownloadAssetResponse> stream = new PacedStream<>(response, idleTimeout);
      threads.execute(Context.current().wrap(() -> run(scope, id, request, stream)));
      started = true;
    } catch (RejectedExecutionException e) {
      throw ApiErrors.unavailable("this node is stopping; ask another one");
    } finally {
      if (!started) {
        permits.release();
      }
    }
  }

  /** Number of downloads that run now. */
  int running() {
    return maxRunning - permits.availablePermits();
  }

  private static void notNegative(String field, long value) {
    if (value < 0) {
      throw ApiErrors.invalid(field, "is " + value + "; must not be negative");
    }
  }

  private void run(
      CallScope scope,
      String id,
      DownloadAssetRequest request,
      PacedStream<DownloadAssetResponse> stream) {
    Optional<Exception> failure = Optional.empty();
    try {
      serve(scope, id, request, stream);
    } catch (IOException | RuntimeException e) {
      failure = Optional.of(e);
    } finally {
      permits.release();
    }
    if (failure.isPresent()) {
      stream.fail(failure.get());
    } else {
      stream.complete();
    }
  }

  /** When this returns, the lease is given back: who has got all may delete the asset. */
  private void serve(
      CallScope scope,
      String id,
      DownloadAssetRequest request,
      PacedStream<DownloadAssetResponse> stream)
      throws IOException {
    Deadline deadline = registry.deadline();
    try (WorkingLeases.Held held = working.take(scope, List.of(id), caller(scope), deadline)) {
      Asset asset = held.assets().get(0);
      Range range = Range.of(request, asset);
      try (ReadableByteChannel bytes =
          streams.open(asset, range.offset(), range.length(), fetchTimeout())) {
        stream.send(header(asset, range));
        copy(asset, range, bytes, stream);
      }
    }
  }

  private static String caller(CallScope scope) {
    return scope.caller() == null ? "unknown" : scope.caller().toString();
  }

  private Duration fetchTimeout() {
    Deadline caller = Context.current().getDeadline();
    return caller == null
        ? fetchTimeout
        : Duration.ofNanos(Math.max(0, caller.timeRemaining(TimeUnit.NANOSECONDS)));
  }

  /** The lease of the download itself is nobody's business. */
  private static DownloadAssetResponse header(Asset leased, Range range) {
    Asset asset = leased.toBuilder().setReferenceCount(leased.getReferenceCount() - 1).build();
    return DownloadAssetResponse.newBuilder()
        .setHeader(
            DownloadHeader.newBuilder()
                .setAsset(asset)
                .setOffset(range.offset())
                .setLength(range.length()))
        .build();
  }

  /** The last chunk of a whole asset is sent when all of them are known to be right. */
  private static void copy(
      Asset asset,
      Range range,
      ReadableByteChannel bytes,
      PacedStream<DownloadAssetResponse> stream)
      throws IOException {
    Hashing.Digester digest = Hashing.newDigester();
    boolean hashed = range.isAllOf(asset) && !asset.getChecksum().isEmpty();
    long left = range.length();
    while (left > 0) {
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(left, CHUNK_BYTES));
      fill(asset, bytes, buffer);
      left -= buffer.flip().remaining();
      if (hashed) {
        digest.update(buffer.duplicate());
        if (left == 0 && !digest.finish().hex().equals(asset.getChecksum())) {
          throw AssetStreams.wrong(asset);
        }
      }
      // The buffer is not touched again, so it need not be copied.
      ByteString chunk = UnsafeByteOperations.unsafeWrap(buffer);
      stream.send(DownloadAssetResponse.newBuilder().setChunk(chunk).build());
    }
  }

  private static void fill(Asset asset, ReadableByteChannel bytes, ByteBuffer buffer)
      throws IOException {
    while (buffer.hasRemaining()) {
      if (bytes.read(buffer) < 0) {
        throw ApiErrors.dataLoss(
            "asset " + asset.getId() + ": storage has fewer bytes of it than were registered");
      }
    }
  }
}
