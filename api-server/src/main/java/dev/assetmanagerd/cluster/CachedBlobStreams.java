package dev.assetmanagerd.cluster;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.assetmanagerd.node.v1.ReadCachedBlobChunk;
import dev.assetmanagerd.node.v1.ReadCachedBlobRequest;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.CachedBlob;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads files of this node's cache to other nodes: few at a time, no further ahead than the reader
 * takes, no longer than the call's deadline, and never for long to one who takes nothing.
 * Thread-safe.
 */
public final class CachedBlobStreams {
  private static final Logger log = LoggerFactory.getLogger(CachedBlobStreams.class);

  /** With what is around them, messages stay below 256 KiB. */
  private static final int CHUNK_BYTES = (256 << 10) - 64;

  private static final long MAX_LENGTH = 64L << 20;
  private static final int MAX_STREAMS = 32;
  private static final long MAX_SECONDS = 300;

  /** A reader that is alive waits for the next bytes all the time. */
  private static final Duration IDLE = Duration.ofSeconds(30);

  private final Optional<BlobCache> cache;
  private final Duration idle;
  private final AtomicInteger streams = new AtomicInteger();

  /**
   * @param cache of this node; empty where it has none, or keeps it to itself
   */
  public CachedBlobStreams(Optional<BlobCache> cache) {
    this(cache, IDLE);
  }

  /**
   * @param idle a stream whose reader takes nothing for this long is cut
   */
  CachedBlobStreams(Optional<BlobCache> cache, Duration idle) {
    this.cache = cache;
    this.idle = idle;
  }

  /** Streams that are being read. */
  int running() {
    return streams.get();
  }

  void serve(
      ReadCachedBlobRequest request, ServerCallStreamObserver<ReadCachedBlobChunk> response) {
    Optional<Status> refusal = refusal(request);
    if (refusal.isPresent()) {
      response.onError(refusal.get().asRuntimeException());
      return;
    }
    if (streams.incrementAndGet() > MAX_STREAMS) {
      streams.decrementAndGet();
      response.onError(
          Status.RESOURCE_EXHAUSTED
              .withDescription(MAX_STREAMS + " files of the cache are being read")
              .asRuntimeException());
      return;
    }
    Optional<CachedBlob> blob = Optional.empty();
    Status status = Status.NOT_FOUND.withDescription("not in the cache of this node");
    try {
      Sha256 digest = new Sha256(request.getChecksum());
      blob = cache.isPresent() ? cache.get().openCached(digest, request.getOffset()) : blob;
    } catch (IOException e) {
      log.warn("cannot read {} from the cache: {}", request.getChecksum(), e.toString());
      status = Status.UNAVAILABLE.withDescription("the cache of this node failed");
    }
    if (blob.isEmpty()) {
      streams.decrementAndGet();
      response.onError(status.asRuntimeException());
      return;
    }
    new Stream(blob.get(), request.getLength(), response).begin();
  }

  private static Optional<Status> refusal(ReadCachedBlobRequest request) {
    Deadline deadline = Context.current().getDeadline();
    if (deadline == null || deadline.timeRemaining(TimeUnit.SECONDS) > MAX_SECONDS) {
      return invalid("a deadline of at most " + MAX_SECONDS + " s is needed");
    }
    if (!request.getChecksum().matches("[0-9a-f]{64}")) {
      return invalid("checksum: has to be 64 lower-case hexadecimal digits");
    }
    return request.getOffset() < 0 || request.getLength() < 1 || request.getLength() > MAX_LENGTH
        ? invalid("offset and length: have to be in 0.., 1.." + MAX_LENGTH)
        : Optional.empty();
  }

  private static Optional<Status> invalid(String message) {
    return Optional.of(Status.INVALID_ARGUMENT.withDescription(message));
  }

  /** Its methods are the call's callbacks, and what looks after it now and then. Thread-safe. */
  private final class Stream {
    private final CachedBlob blob;
    private final ServerCallStreamObserver<ReadCachedBlobChunk> response;
    private long left;
    private boolean ended;
    private long takenNanos = System.nanoTime();

    Stream(CachedBlob blob, long length, ServerCallStreamObserver<ReadCachedBlobChunk> response) {
      this.blob = blob;
      this.left = length;
      this.response = response;
    }

    void begin() {
      response.setMessageCompression(false);
      response.setOnCancelHandler(this::end);
      response.setOnReadyHandler(this::send);
      response.setOnCloseHandler(this::end);
      lookLater(idle.toNanos());
    }

    private void lookLater(long nanos) {
      CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(this::look);
    }

    private synchronized void look() {
      if (ended) {
        return;
      }
      long remaining = takenNanos + idle.toNanos() - System.nanoTime();
      if (remaining > 0) {
        lookLater(remaining);
        return;
      }
      end();
      response.onError(
          Status.ABORTED
              .withDescription("nothing was taken for " + idle.toMillis() + " ms")
              .asRuntimeException());
    }

    private synchronized void send() {
      try {
        while (!ended && response.isReady()) {
          takenNanos = System.nanoTime();
          ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(left, CHUNK_BYTES));
          int n = blob.channel().read(buffer);
          if (n > 0) {
            left -= n;
            ByteString bytes = UnsafeByteOperations.unsafeWrap(buffer.flip());
            response.onNext(ReadCachedBlobChunk.newBuilder().setBytes(bytes).build());
          }
          if (n <= 0 || left == 0) {
            end();
            response.onCompleted();
          }
        }
      } catch (IOException e) {
        end();
        log.warn("cannot read from the cache: {}", e.toString());
        response.onError(Status.UNAVAILABLE.withDescription("reading failed").asRuntimeException());
      }
    }

    private synchronized void end() {
      if (ended) {
        return;
      }
      ended = true;
      streams.decrementAndGet();
      try {
        blob.close();
      } catch (IOException e) {
        log.debug("closing a file of the cache", e);
      }
    }
  }
}
