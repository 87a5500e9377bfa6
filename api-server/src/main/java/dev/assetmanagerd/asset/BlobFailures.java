package dev.assetmanagerd.asset;

import dev.assetmanagerd.registry.BlobRef;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Blobs that could not be deleted, each with a pause that grows with every attempt. For one thread.
 */
final class BlobFailures {
  private static final int MAX_REMEMBERED = 10_000;
  private static final int LONGEST_PAUSE = 64;

  private record Failure(int count, long retryNanos) {}

  private final Map<BlobRef, Failure> failures = new HashMap<>();
  private final long pauseNanos;
  private final LongSupplier nanoClock;

  /**
   * @param pause after the first failure; doubled with each, up to 64 times as long
   * @param nanoClock monotonic
   */
  BlobFailures(Duration pause, LongSupplier nanoClock) {
    this.pauseNanos = pause.toNanos();
    this.nanoClock = nanoClock;
  }

  /** Whether the blob may be tried now. */
  boolean isDue(BlobRef blob) {
    Failure failure = failures.get(blob);
    return failure == null || nanoClock.getAsLong() - failure.retryNanos() >= 0;
  }

  /** Notes a failed attempt; returns how many there were in a row. */
  int failed(BlobRef blob) {
    Failure before = failures.get(blob);
    int count = before == null ? 1 : before.count() + 1;
    if (before != null || failures.size() < MAX_REMEMBERED) {
      long pause = pauseNanos * Math.min(LONGEST_PAUSE, 1L << Math.min(count, 30));
      failures.put(blob, new Failure(count, nanoClock.getAsLong() + pause));
    }
    return count;
  }

  void succeeded(BlobRef blob) {
    failures.remove(blob);
  }

  int size() {
    return failures.size();
  }

  void clear() {
    failures.clear();
  }
}
