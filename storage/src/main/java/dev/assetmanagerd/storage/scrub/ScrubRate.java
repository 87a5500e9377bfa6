package dev.assetmanagerd.storage.scrub;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * How fast a node reads bytes again, all that it scrubs taken together: whoever has read some waits
 * until their time is over. Time in which nobody read is not made up for. Thread-safe.
 *
 * <p>Closing it ends all waits, now and later, by a {@link CancellationException}.
 */
public final class ScrubRate implements LongConsumer, AutoCloseable {
  private static final double NANOS_PER_SECOND = 1e9;

  /** Waits, or says that there is nothing to wait for any more. */
  interface Waiter {
    /** Returns true, at once, when the rate is closed. */
    boolean awaitClosed(long nanos) throws InterruptedException;
  }

  private final long bytesPerSecond;
  private final LongSupplier nanoClock;
  private final Waiter waiter;
  private final CountDownLatch closed;

  /** When the time of all bytes read so far is over. */
  private long freeAtNanos;

  ScrubRate(long bytesPerSecond, LongSupplier nanoClock, CountDownLatch closed, Waiter waiter) {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException(bytesPerSecond + " bytes per second");
    }
    this.bytesPerSecond = bytesPerSecond;
    this.nanoClock = nanoClock;
    this.waiter = waiter;
    this.closed = closed;
    this.freeAtNanos = nanoClock.getAsLong();
  }

  /**
   * A rate by the clock of the machine.
   *
   * @param bytesPerSecond 1 or more
   */
  public static ScrubRate of(long bytesPerSecond) {
    CountDownLatch closed = new CountDownLatch(1);
    return new ScrubRate(
        bytesPerSecond,
        System::nanoTime,
        closed,
        nanos -> closed.await(nanos, TimeUnit.NANOSECONDS));
  }

  /**
   * Waits until the time of some bytes is over.
   *
   * @throws CancellationException when the rate is closed, or the thread is interrupted
   */
  @Override
  public void accept(long bytes) {
    long until = take(bytes);
    boolean stopped = closed.getCount() == 0;
    try {
      for (long left = until - nanoClock.getAsLong();
          left > 0 && !stopped;
          left = until - nanoClock.getAsLong()) {
        stopped = waiter.awaitClosed(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
    }
    if (stopped) {
      throw new CancellationException("scrubbing has stopped");
    }
  }

  private synchronized long take(long bytes) {
    long now = nanoClock.getAsLong();
    long start = freeAtNanos - now > 0 ? freeAtNanos : now;
    freeAtNanos = start + (long) (bytes * (NANOS_PER_SECOND / bytesPerSecond));
    return freeAtNanos;
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
