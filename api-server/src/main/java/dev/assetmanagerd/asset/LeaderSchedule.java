package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.raft.LeadershipListener;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does something again and again while this node leads. Thread-safe.
 *
 * <p>When the last leader did it is not kept anywhere. A new one does it for the first time after a
 * random sixtieth to tenth of the interval: soon enough that it is never forgotten because
 * leadership moves now and then, and not at once, when all clients come back after a failover. So
 * it happens at most a tenth of an interval late, and once more than needed for each new leader.
 */
final class LeaderSchedule implements LeadershipListener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LeaderSchedule.class);
  private static final double EARLIEST = 1.0 / 60;
  private static final double LATEST = 1.0 / 10;

  private final String what;
  private final LongConsumer task;
  private final ScheduledExecutorService scheduler;
  private final Duration interval;
  private final DoubleSupplier chance;

  @GuardedBy("this")
  private @Nullable ScheduledFuture<?> timer;

  /**
   * @param what it does, for the log
   * @param task given the term; blocks, and stops by itself where the term ends
   * @param scheduler a thread that may be blocked
   * @param interval pause from the end of one time to the start of the next
   * @param chance random numbers from 0 to 1
   */
  LeaderSchedule(
      String what,
      LongConsumer task,
      ScheduledExecutorService scheduler,
      Duration interval,
      DoubleSupplier chance) {
    this.what = what;
    this.task = task;
    this.scheduler = scheduler;
    this.interval = interval;
    this.chance = chance;
  }

  @Override
  public synchronized void onLeaderReady(long term) {
    onLeadershipLost();
    long first =
        (long) (interval.toNanos() * (EARLIEST + chance.getAsDouble() * (LATEST - EARLIEST)));
    try {
      timer =
          scheduler.scheduleWithFixedDelay(
              () -> run(term), first, interval.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping", e);
    }
  }

  @Override
  public synchronized void onLeadershipLost() {
    if (timer != null) {
      timer.cancel(false); // what runs notices by itself; an interrupt looks like a failing disk
      timer = null;
    }
  }

  /** A task that throws would never be run again. */
  private void run(long term) {
    try {
      task.accept(term);
    } catch (RuntimeException e) {
      log.warn("{} did not come to its end; trying again in {}", what, interval, ApiErrors.of(e));
    }
  }

  @Override
  public void close() {
    onLeadershipLost();
  }
}
