package dev.assetmanagerd.backup;

import java.util.concurrent.atomic.AtomicLong;

/** What this node has done about backups since it started. Thread-safe. */
public final class BackupCounters {
  private final AtomicLong made = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong missing = new AtomicLong();
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong lastBytes = new AtomicLong();

  void made(long tookNanos, long sizeBytes) {
    made.incrementAndGet();
    nanos.addAndGet(tookNanos);
    lastBytes.set(sizeBytes);
  }

  void failed() {
    failed.incrementAndGet();
  }

  void missing(long files) {
    missing.set(files);
  }

  /** Backups made in the configured place, and found good. */
  public long count() {
    return made.get();
  }

  /** Backups that could not be made, or were not good. */
  public long failures() {
    return failed.get();
  }

  /** Backups that are known as complete and whose file was not found when this node last looked. */
  public long filesMissing() {
    return missing.get();
  }

  /** Time that all of {@link #count} took. */
  public long totalNanos() {
    return nanos.get();
  }

  /** Bytes of the last one; 0 before the first. */
  public long lastSizeBytes() {
    return lastBytes.get();
  }
}
