package dev.assetmanagerd.asset;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What garbage collection on this node has done since the node started. Thread-safe. */
public final class GarbageCounters {
  private final LongAdder collections = new LongAdder();
  private final LongAdder collectionNanos = new LongAdder();
  private final LongAdder assetsMarked = new LongAdder();
  private final LongAdder bytesFreed = new LongAdder();
  private final LongAdder blobsDeleted = new LongAdder();
  private final LongAdder deletionsFailed = new LongAdder();
  private final LongAdder sweeps = new LongAdder();
  private final LongAdder sweepsRefused = new LongAdder();
  private final LongAdder orphansCondemned = new LongAdder();
  private final LongAdder uploadsSwept = new LongAdder();
  private final AtomicLong assetsWithoutBlob = new AtomicLong();

  GarbageCounters() {}

  void collected(long nanos) {
    collections.increment();
    collectionNanos.add(nanos);
  }

  void marked(int assets, long bytes) {
    assetsMarked.add(assets);
    bytesFreed.add(bytes);
  }

  void blobDeleted() {
    blobsDeleted.increment();
  }

  void deletionFailed() {
    deletionsFailed.increment();
  }

  void swept(long orphans, long withoutBlob) {
    sweeps.increment();
    orphansCondemned.add(orphans);
    assetsWithoutBlob.set(withoutBlob);
  }

  void sweepRefused() {
    sweepsRefused.increment();
  }

  void partsDeleted() {
    uploadsSwept.increment();
  }

  /** Uploads that had ended and whose parts sweeps have deleted. */
  public long uploadsSwept() {
    return uploadsSwept.sum();
  }

  /** Collections that came to an end. */
  public long collections() {
    return collections.sum();
  }

  /** How long these took in all, nanoseconds. */
  public long collectionNanos() {
    return collectionNanos.sum();
  }

  /** Assets that were marked as garbage. */
  public long assetsMarked() {
    return assetsMarked.sum();
  }

  /** Bytes of the blobs that went, or go, with them. */
  public long bytesFreed() {
    return bytesFreed.sum();
  }

  /** Blobs deleted, for whatever reason. */
  public long blobsDeleted() {
    return blobsDeleted.sum();
  }

  /** Attempts to delete a blob that failed. */
  public long deletionsFailed() {
    return deletionsFailed.sum();
  }

  /** Comparisons of store and registry that came to an end, dry runs not counted. */
  public long sweeps() {
    return sweeps.sum();
  }

  /**
   * Sweeps that left the store alone, for it or the registry is more likely to be the wrong one
   * than that so much does not belong together.
   */
  public long sweepsRefused() {
    return sweepsRefused.sum();
  }

  /** Blobs without a record that these have condemned. */
  public long orphansCondemned() {
    return orphansCondemned.sum();
  }

  /** Assets without their blob, as the last one found. */
  public long assetsWithoutBlob() {
    return assetsWithoutBlob.get();
  }
}
