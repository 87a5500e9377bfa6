package dev.assetmanagerd.clustertests.bench;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Keeps a fixed number of calls in flight: each caller begins its next call when it hears the end
 * of the last one, on the thread that tells it. No thread waits, so that the load takes as little
 * as possible from the machine it measures.
 */
final class ClosedLoop {
  private static final int DIGITS = 3;
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(2);
  private static final Duration DRAIN_MAX = Duration.ofSeconds(60);

  private final Load load;
  private final int inFlight;
  private final Recorder recorder = new Recorder(LONGEST_NANOS, DIGITS);
  private final AtomicLong failures = new AtomicLong();
  private final CountDownLatch drained;
  private volatile boolean stopping;

  private ClosedLoop(Load load, int inFlight) {
    this.load = load;
    this.inFlight = inFlight;
    this.drained = new CountDownLatch(inFlight);
  }

  /**
   * Runs a load and measures it.
   *
   * @param settle at the start, not measured
   * @param measured after that
   */
  static Measurement run(Load load, int inFlight, Duration settle, Duration measured) {
    return new ClosedLoop(load, inFlight).run(settle, measured);
  }

  /**
   * Runs a load and measures it until something else is over.
   *
   * @param settle at the start, not measured
   * @param end completes when it is over, in whatever way
   * @param atMost fails when it is not over by then
   */
  static Measurement runUntil(
      Load load, int inFlight, Duration settle, CompletableFuture<?> end, Duration atMost) {
    return new ClosedLoop(load, inFlight).run(settle, () -> await(end, atMost));
  }

  private Measurement run(Duration settle, Duration measured) {
    return run(settle, () -> pause(measured));
  }

  private Measurement run(Duration settle, Runnable wait) {
    for (int slot = 0; slot < inFlight; slot++) {
      issue(slot);
    }
    pause(settle);
    var unused = recorder.getIntervalHistogram();
    failures.set(0);
    long begin = System.nanoTime();
    wait.run();
    Histogram histogram = recorder.getIntervalHistogram();
    long nanos = System.nanoTime() - begin;
    long failed = failures.get();
    stopping = true;
    drain();
    return new Measurement(histogram, nanos, failed);
  }

  private void issue(int slot) {
    long begin = System.nanoTime();
    load.issue(
        slot,
        new Load.Done() {
          @Override
          public void succeeded() {
            recorder.recordValue(Math.min(LONGEST_NANOS, System.nanoTime() - begin));
            next(slot);
          }

          @Override
          public void failed(Throwable why) {
            if (failures.getAndIncrement() == 0) {
              System.err.println("a call failed: " + why);
            }
            next(slot);
          }
        });
  }

  private void next(int slot) {
    if (stopping) {
      drained.countDown();
    } else {
      issue(slot);
    }
  }

  private static void await(CompletableFuture<?> end, Duration atMost) {
    try {
      var unused =
          end.handle((result, failure) -> true).get(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not over after " + atMost, e);
    }
  }

  private void pause(Duration time) {
    try {
      // Nothing counts the latch down before stopping is set: this is a bounded wait.
      if (drained.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IllegalStateException("the load ended by itself");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void drain() {
    try {
      if (!drained.await(DRAIN_MAX.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IllegalStateException(drained.getCount() + " calls did not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
