package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.storage.blob.BlobTooLargeException;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One upload, from its first message to its end.
 *
 * <pre>
 *   start ── metadata ──► receiving ── chunk ──► receiving ── end of stream ──► published
 *     └───────────────────────┴── bad message, idle, cancelled, disk failure ──► failed
 * </pre>
 *
 * <p>The next message is asked for when the one before is taken by the spool, so a client is as
 * fast as the disk and the memory used does not depend on the size. Nothing is visible to anybody
 * before everything that was announced has been checked; an upload that fails leaves no file.
 */
final class UploadCall implements StreamObserver<UploadAssetRequest> {
  private static final Logger log = LoggerFactory.getLogger(UploadCall.class);

  /** What an upload needs of its service. */
  interface Host {
    /** The asset to be; throws where the metadata is refused. */
    Asset validate(UploadAssetMetadata metadata);

    Spool openSpool() throws IOException;

    /** Makes blob and record of complete, checked bytes. Blocks. */
    Asset publish(Asset wanted, SpooledFile bytes) throws IOException;

    /** Called once, when the upload has ended in whatever way. */
    void ended(UploadCall upload);
  }

  private final Host host;
  private final String expectedChecksum;
  private final ServerCallStreamObserver<UploadAssetResponse> response;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile long lastMessageNanos = System.nanoTime();

  @GuardedBy("lock")
  private @Nullable Asset wanted;

  @GuardedBy("lock")
  private @Nullable Spool spool;

  @GuardedBy("lock")
  private boolean ended;

  /**
   * @param expectedChecksum that the caller announced in a header; empty when none
   */
  UploadCall(
      Host host, String expectedChecksum, ServerCallStreamObserver<UploadAssetResponse> response) {
    this.host = host;
    this.expectedChecksum = expectedChecksum;
    this.response = response;
  }

  void start() {
    response.disableAutoRequest();
    response.setOnCancelHandler(this::cancelled);
    response.request(1);
  }

  @Override
  public void onNext(UploadAssetRequest message) {
    lastMessageNanos = System.nanoTime();
    lock.lock();
    try {
      if (ended) {
        return;
      }
      switch (message.getDataCase()) {
        case METADATA -> begin(message.getMetadata());
        case CHUNK -> append(message.getChunk());
        case DATA_NOT_SET -> throw ApiErrors.invalid("data", "has neither metadata nor a chunk");
      }
      response.request(1);
    } catch (IOException | RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void begin(UploadAssetMetadata metadata) throws IOException {
    if (wanted != null) {
      throw ApiErrors.invalid("metadata", "came twice; it is the first message and no other");
    }
    wanted = host.validate(metadata).toBuilder().setSizeBytes(metadata.getSizeBytes()).build();
    spool = host.openSpool();
  }

  @GuardedBy("lock")
  private void append(ByteString chunk) throws IOException {
    if (wanted == null || spool == null) {
      throw ApiErrors.invalid("metadata", "must be the first message of the stream");
    }
    long announced = wanted.getSizeBytes();
    if (announced > 0 && spool.sizeBytes() + chunk.size() > announced) {
      throw ApiErrors.invalid(
          "size_bytes",
          "is "
              + announced
              + ", but the stream has at least "
              + (spool.sizeBytes() + chunk.size())
              + " bytes");
    }
    spool.write(chunk.asReadOnlyByteBufferList().toArray(new ByteBuffer[0]));
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      Asset asset = complete();
      end();
      response.onNext(UploadAssetResponse.newBuilder().setAsset(asset).build());
      response.onCompleted();
    } catch (IOException | RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private Asset complete() throws IOException {
    if (wanted == null || spool == null) {
      throw ApiErrors.invalid("metadata", "must be the first message; the stream was empty");
    }
    long announced = wanted.getSizeBytes();
    if (announced > 0 && spool.sizeBytes() != announced) {
      throw ApiErrors.invalid(
          "size_bytes",
          "is " + announced + ", but the stream has only " + spool.sizeBytes() + " bytes");
    }
    SpooledFile bytes = spool.finish();
    String checksum = bytes.digest().hex();
    if (!expectedChecksum.isEmpty() && !expectedChecksum.equals(checksum)) {
      throw ApiErrors.invalid(
          "header Assetmanager-Checksum",
          "is " + expectedChecksum + ", but the bytes of the stream have " + checksum);
    }
    return host.publish(wanted, bytes);
  }

  /** Ends the upload when the client has sent nothing for a while. Called from a timer. */
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
        log.debug("upload cancelled by the client");
        end();
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void fail(Exception failure) {
    end();
    if (failure instanceof BlobTooLargeException tooLarge) {
      response.onError(
          ApiErrors.invalid(
              "size_bytes",
              "the stream has more than the "
                  + tooLarge.limitBytes()
                  + " bytes that an asset may have"));
    } else {
      response.onError(ApiErrors.of(failure));
    }
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
