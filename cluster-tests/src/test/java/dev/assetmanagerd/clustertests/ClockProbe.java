package dev.assetmanagerd.clustertests;

import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Run as a process of its own: prints again and again what its wall clock says, in Unix seconds,
 * and the shortest that a timed wait has lasted so far, in milliseconds of the monotonic clock.
 */
final class ClockProbe {
  static final long WAIT_MS = 100;

  private ClockProbe() {}

  /** Ends when it is killed. */
  public static void main(String[] arguments) throws InterruptedException {
    Object monitor = new Object();
    CountDownLatch never = new CountDownLatch(1);
    long shortest = Long.MAX_VALUE;
    while (true) {
      long begin = System.nanoTime();
      synchronized (monitor) {
        TimeUnit.MILLISECONDS.timedWait(monitor, WAIT_MS);
      }
      long waited = System.nanoTime();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WAIT_MS));
      long parked = System.nanoTime();
      if (never.await(WAIT_MS, TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException("nobody counts down");
      }
      long awaited = System.nanoTime();
      shortest =
          Math.min(shortest, Math.min(waited - begin, Math.min(parked - waited, awaited - parked)));
      System.out.println(
          Instant.now().getEpochSecond() + " " + TimeUnit.NANOSECONDS.toMillis(shortest));
    }
  }
}
