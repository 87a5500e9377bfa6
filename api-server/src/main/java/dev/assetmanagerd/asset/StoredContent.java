package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.MoreExecutors;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out the digest of bytes that are in storage already: asks the store, where it has computed
 * one itself, and reads all of them otherwise. What is read from afar is kept in the cache of this
 * host, for whoever registers an asset is likely to use it.
 *
 * <p>The bytes of the location are read in any case, also where the cache has bytes of the digest
 * that the caller expects: those came from somewhere else, and say nothing of this location.
 *
 * <p>Reading is bounded: in time by the deadline, and in number, so that slow sources never take
 * all threads that serve calls. Thread-safe.
 */
final class StoredContent {
  private static final Logger log = LoggerFactory.getLogger(StoredContent.class);
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int MAX_READING = 16;
  private static final int MAX_ADMITTED = 64;

  private final Optional<LocalBlobs> cache;
  private final Semaphore admitted = new Semaphore(MAX_ADMITTED);
  private final Semaphore reading = new Semaphore(MAX_READING, true);

  /**
   * @param cache of this host; empty where there is none
   */
  StoredContent(Optional<LocalBlobs> cache) {
    this.cache = cache;
  }

  /**
   * The digest of the bytes at a location.
   *
   * @param stat what the store says of the location
   * @param deadline bounds the wait and the reading
   * @throws java.nio.file.NoSuchFileException when nothing is there any more
   */
  Sha256 digest(StorageBackend backend, BlobReader store, BlobStat stat, Deadline deadline)
      throws IOException {
    if (stat.digest().isPresent()) {
      return stat.digest().get();
    }
    if (!admitted.tryAcquire()) {
      throw ApiErrors.resourceExhausted(
          "location: the bytes of "
              + MAX_ADMITTED
              + " locations are being read, or wait for it, on this node; nothing was changed");
    }
    try {
      return inTurn(backend, store, stat, deadline);
    } finally {
      admitted.release();
    }
  }

  private Sha256 inTurn(StorageBackend backend, BlobReader store, BlobStat stat, Deadline deadline)
      throws IOException {
    boolean turn = false;
    try {
      turn =
          reading.tryAcquire(
              Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)), TimeUnit.NANOSECONDS);
      if (!turn) {
        throw late(0, stat);
      }
      return read(backend, store, stat, deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting to read stored bytes");
    } finally {
      if (turn) {
        reading.release();
      }
    }
  }

  private Sha256 read(StorageBackend backend, BlobReader store, BlobStat stat, Deadline deadline)
      throws IOException {
    boolean far = backend != StorageBackend.STORAGE_BACKEND_LOCAL;
    Context call = Context.current();
    try (ReadableByteChannel channel = store.open(stat.location(), 0);
        CacheFill fill =
            far && cache.isPresent()
                ? CacheFill.into(cache.get(), stat.sizeBytes())
                : CacheFill.none()) {
      // Ends a read that waits for bytes when the call ends.
      Context.CancellationListener cut = ended -> cut(channel);
      call.addListener(cut, MoreExecutors.directExecutor());
      try {
        return read(channel, fill, stat, deadline);
      } finally {
        call.removeListener(cut);
      }
    } catch (ClosedChannelException e) {
      if (call.isCancelled() || deadline.isExpired()) {
        throw ended(0, stat, deadline);
      }
      throw e;
    }
  }

  private static void cut(ReadableByteChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("closing what is not read any more: {}", e.toString());
    }
  }

  private static Sha256 read(
      ReadableByteChannel channel, CacheFill fill, BlobStat stat, Deadline deadline)
      throws IOException {
    MessageDigest digest = sha256();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    long bytes = 0;
    // One byte more than there should be is enough to know.
    while (bytes <= stat.sizeBytes() && channel.read(buffer.clear()) >= 0) {
      if (Context.current().isCancelled() || deadline.isExpired()) {
        throw ended(bytes, stat, deadline);
      }
      bytes += buffer.position();
      digest.update(buffer.flip());
      fill.write(buffer.rewind());
    }
    if (bytes != stat.sizeBytes()) {
      throw ApiErrors.failedPrecondition(
          "location: its size changed from "
              + stat.sizeBytes()
              + " to "
              + (bytes > stat.sizeBytes() ? "more than that" : bytes + " bytes")
              + " while it was read");
    }
    Sha256 found = Sha256.of(digest.digest());
    fill.finish(found);
    return found;
  }

  private static RuntimeException ended(long bytes, BlobStat stat, Deadline deadline) {
    Deadline callers = Context.current().getDeadline();
    return deadline.isExpired() || (callers != null && callers.isExpired())
        ? late(bytes, stat)
        : ApiErrors.cancelled("the client gave up while the stored bytes were being read");
  }

  private static RuntimeException late(long bytes, BlobStat stat) {
    return ApiErrors.deadlineExceeded(
        "location: its "
            + stat.sizeBytes()
            + " bytes could not be read within the deadline"
            + (bytes == 0 ? "" : ", " + bytes + " were")
            + "; nothing was changed");
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
