package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.UploadState;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.transfer.v1.WriteUploadHeader;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream of bytes that continue an upload.
 *
 * <p>What comes is kept part by part: a part is in the store and in the registry before the next
 * one is begun to be kept, so that a stream that is cut loses its last part at most. While one part
 * is being kept the next one is taken in; not more than that, so a client is as fast as the store,
 * and neither memory nor staging area grow with the upload.
 */
final class WriteCall implements StreamObserver<WriteUploadRequest> {
  private static final Logger log = LoggerFactory.getLogger(WriteCall.class);

  /** What a stream needs of its service. */
  interface Host {
    /** The upload, which goes on at this offset; throws where it does not. */
    UploadState begin(WriteUploadHeader header);

    Spool openSpool() throws IOException;

    /**
     * Keeps a part. When this returns, it is in the store, and the upload counts it.
     *
     * @param digestState of everything up to the end of the part
     */
    UploadState append(UploadState upload, SpooledFile part, ByteString digestState)
        throws IOException;

    /** Runs in another thread. */
    PendingPart start(PartTask task);

    WriteUploadResponse answer(UploadState upload);

    /** Called once, when the call is over. */
    void ended(WriteCall call);
  }

  /** The keeping of a part. */
  interface PartTask {
    UploadState run() throws IOException;
  }

  /** A part on its way. */
  interface PendingPart {
    /** Waits until it is kept; throws what went wrong. */
    UploadState await() throws IOException;
  }

  private final Host host;
  private final int partBytes;
  private final ServerCallStreamObserver<WriteUploadResponse> response;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile long lastMessageNanos = System.nanoTime();

  @GuardedBy("lock")
  private @Nullable UploadState upload;

  @GuardedBy("lock")
  private @Nullable RunningDigest digest;

  @GuardedBy("lock")
  private @Nullable Spool spool;

  @GuardedBy("lock")
  private @Nullable PendingPart pending;

  /** Bytes taken of the upload, those not kept yet included. */
  @GuardedBy("lock")
  private long taken;

  @GuardedBy("lock")
  private boolean ended;

  WriteCall(Host host, int partBytes, ServerCallStreamObserver<WriteUploadResponse> response) {
    this.host = host;
    this.partBytes = partBytes;
    this.response = response;
  }

  void start() {
    response.disableAutoRequest();
    response.setOnCancelHandler(this::cancelled);
    response.request(1);
  }

  @Override
  public void onNext(WriteUploadRequest message) {
    lastMessageNanos = System.nanoTime();
    lock.lock();
    try {
      if (ended) {
        return;
      }
      switch (message.getDataCase()) {
        case HEADER -> begin(message.getHeader());
        case CHUNK -> take(message.getChunk());
        case DATA_NOT_SET -> throw ApiErrors.invalid("data", "has neither a header nor a chunk");
      }
      lastMessageNanos = System.nanoTime();
      response.request(1);
    } catch (IOException | RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void begin(WriteUploadHeader header) {
    if (upload != null) {
      throw ApiErrors.invalid("header", "came twice; it is the first message and no other");
    }
    UploadState begun = host.begin(header);
    upload = begun;
    digest = RunningDigest.goOn(begun.getDigestState());
    taken = begun.getOffset();
  }

  @GuardedBy("lock")
  private void take(ByteString chunk) throws IOException {
    if (upload == null || digest == null) {
      throw ApiErrors.invalid("header", "must be the first message of the stream");
    }
    if (chunk.size() > upload.getMaxBytes() - taken) {
      throw ApiErrors.invalid(
          "chunk",
          "the upload may have %d bytes; this one ends at %d"
              .formatted(upload.getMaxBytes(), taken + chunk.size()));
    }
    int from = 0;
    while (from < chunk.size()) {
      Spool part = spool == null ? host.openSpool() : spool;
      spool = part;
      int to = (int) Math.min(chunk.size(), from + (partBytes - part.sizeBytes()));
      ByteString piece = chunk.substring(from, to);
      part.write(piece.asReadOnlyByteBufferList().toArray(new ByteBuffer[0]));
      digest.update(piece);
      taken += piece.size();
      from = to;
      if (part.sizeBytes() == partBytes) {
        keep(part, digest.state());
      }
    }
  }

  /** Hands the part over, as soon as the one before is kept. */
  @GuardedBy("lock")
  private void keep(Spool part, ByteString digestState) throws IOException {
    UploadState before = awaitPending();
    SpooledFile bytes = part.finish();
    spool = null;
    pending =
        host.start(
            () -> {
              try (part) {
                return host.append(before, bytes, digestState);
              }
            });
  }

  @GuardedBy("lock")
  private UploadState awaitPending() throws IOException {
    PendingPart before = pending;
    if (before != null) {
      pending = null;
      upload = before.await();
    }
    if (upload == null) {
      throw ApiErrors.invalid("header", "must be the first message; the stream was empty");
    }
    return upload;
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      if (spool != null && digest != null) {
        keep(spool, digest.state());
      }
      UploadState kept = awaitPending();
      end();
      response.onNext(host.answer(kept));
      response.onCompleted();
    } catch (IOException | RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  /** Ends the call when the client has sent nothing for a while. Called from a timer. */
  void failIfIdle(long idleNanosMax) {
    if (System.nanoTime() - lastMessageNanos < idleNanosMax || !lock.tryLock()) {
      return; // whoever holds the lock is at work on a message
    }
    try {
      if (!ended) {
        fail(
            ApiErrors.deadlineExceeded(
                "the client sent nothing for " + idleNanosMax / 1_000_000_000 + " s"));
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onError(Throwable failure) {
    cancelled();
  }

  private void cancelled() {
    lock.lock();
    try {
      if (!ended) {
        log.debug("the client cut the stream");
        end();
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void fail(Exception failure) {
    end();
    response.onError(ApiErrors.of(failure));
  }

  @GuardedBy("lock")
  private void end() {
    if (ended) {
      return;
    }
    ended = true;
    if (spool != null) {
      spool.close();
    }
    host.ended(this);
  }
}
