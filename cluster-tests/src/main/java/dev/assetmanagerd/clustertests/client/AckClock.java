package dev.assetmanagerd.clustertests.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Counts acknowledged writes and tells when the first one came to a call begun after a moment.
 * Thread-safe.
 */
final class AckClock {
  private long count;
  private long firstAckOfLatestWatch;
  private long watchFrom = Long.MAX_VALUE;
  private boolean seen;
  private long lastNanos = System.nanoTime();
  private long longestGapNanos;

  synchronized void acknowledged(long beginNanos, long nowNanos) {
    count++;
    long now = System.nanoTime();
    longestGapNanos = Math.max(longestGapNanos, now - lastNanos);
    lastNanos = now;
    if (!seen && watchFrom != Long.MAX_VALUE && beginNanos - watchFrom >= 0) {
      seen = true;
      firstAckOfLatestWatch = nowNanos;
      notifyAll();
    }
  }

  synchronized Duration longestGap() {
    long longest = Math.max(longestGapNanos, System.nanoTime() - lastNanos);
    longestGapNanos = 0;
    return Duration.ofNanos(longest);
  }

  synchronized long count() {
    return count;
  }

  synchronized Duration awaitAckOfCallBegunAfter(long moment, Duration atMost) {
    watchFrom = moment;
    seen = false;
    long deadline = System.nanoTime() + atMost.toNanos();
    while (!seen) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new AssertionError("no write was acknowledged within " + atMost);
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
    return Duration.ofNanos(firstAckOfLatestWatch - moment);
  }
}
