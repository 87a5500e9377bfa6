package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

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
  private static final int MAX_READING = 16;
  private static final int MAX_ADMITTED = 64;

  private final Optional<LocalBlobs> cache;
  private final CallReads reads;
  private final Semaphore admitted = new Semaphore(MAX_ADMITTED);
  private final Semaphore reading = new Semaphore(MAX_READING, true);

  /**
   * @param cache of this host; empty where there is none
   */
  StoredContent(Optional<LocalBlobs> cache, CallReads reads) {
    this.cache = cache;
    this.reads = reads;
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
        throw CallReads.late("location", 0, stat.sizeBytes());
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
    try (ReadableByteChannel channel = store.open(stat.location(), 0);
        CacheFill fill =
            far && cache.isPresent()
                ? CacheFill.into(cache.get(), stat.sizeBytes())
                : CacheFill.none()) {
      return read(channel, fill, stat, deadline);
    }
  }

  private Sha256 read(ReadableByteChannel channel, CacheFill fill, BlobStat stat, Deadline deadline)
      throws IOException {
    Hashing.Digester digest = Hashing.newDigester();
    long bytes =
        reads.read(
            "location",
            channel,
            stat.sizeBytes(),
            deadline,
            buffer -> {
              digest.update(buffer);
              fill.write(buffer.rewind());
            });
    if (bytes != stat.sizeBytes()) {
      throw ApiErrors.failedPrecondition(
          "location: its size changed from "
              + stat.sizeBytes()
              + " to "
              + (bytes > stat.sizeBytes() ? "more than that" : bytes + " bytes")
              + " while it was read");
    }
    Sha256 found = digest.finish();
    fill.finish(found);
    return found;
  }
}
