package dev.assetmanagerd.storage.scrub;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Round after round on a thread of its own: each begins an interval after the one before it began,
 * or when that ends, if it takes longer. The first one waits a little, for a node that starts has
 * better things to do. Thread-safe.
 */
public final class ScrubRounds implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ScrubRounds.class);
  private static final Duration LONGEST_FIRST_WAIT = Duration.ofMinutes(10);
  private static final int FIRST_SHARE = 10;
  private static final long STOP_SECONDS = 10;

  private final String what;
  private final LongConsumer round;
  private final Duration interval;
  private final DoubleSupplier chance;
  private final ScheduledExecutorService thread;
  private @Nullable Future<?> next;
  private long run;

  /**
   * @param what is scrubbed, for the log
   * @param round one round, given what {@link #start} was; ends by itself when that is over
   * @param interval from the beginning of a round to that of the next
   * @param chance random numbers from 0 to 1
   */
  public ScrubRounds(String what, LongConsumer round, Duration interval, DoubleSupplier chance) {
    this.what = what;
    this.round = round;
    this.interval = interval;
    this.chance = chance;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread created = new Thread(task, "scrub-" + what);
              created.setDaemon(true);
              return created;
            });
  }

  /**
   * Begins, in place of what was begun before.
   *
   * @param term handed to each round
   */
  public synchronized void start(long term) {
    stop();
    Duration tenth = interval.dividedBy(FIRST_SHARE);
    Duration longest = tenth.compareTo(LONGEST_FIRST_WAIT) < 0 ? tenth : LONGEST_FIRST_WAIT;
    schedule(run, term, (long) (longest.toNanos() * chance.getAsDouble()));
  }

  /** No more rounds; one that runs ends by itself. */
  public synchronized void stop() {
    run++;
    if (next != null) {
      next.cancel(false); // an interrupt looks like a failing disk
      next = null;
    }
  }

  private synchronized void schedule(long ofRun, long term, long delayNanos) {
    if (ofRun != run) {
      return;
    }
    try {
      next = thread.schedule(() -> runRound(ofRun, term), delayNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping", e);
    }
  }

  private void runRound(long ofRun, long term) {
    long start = System.nanoTime();
    try {
      round.accept(term);
    } catch (CancellationException e) {
      log.debug("scrubbing the {} has stopped", what, e);
    } catch (RuntimeException e) {
      log.warn("scrubbing the {} did not come to its end; it begins again", what, e);
    }
    schedule(ofRun, term, Math.max(0, interval.toNanos() - (System.nanoTime() - start)));
  }

  /** Waits a while for a round that runs; what it waits for should have been closed before. */
  @Override
  public void close() {
    stop();
    thread.shutdown();
    try {
      if (!thread.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
