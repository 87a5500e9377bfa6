package dev.assetmanagerd.backup;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.raft.LeadershipListener;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the leader does about backups: makes them when they are due, and looks after those there are
 * ({@link BackupRetention}), each on a thread of its own, so that neither waits for the other.
 * Everything it goes by is in the catalogue, so the next leader goes on where the last one stopped.
 */
final class BackupDuty implements LeadershipListener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BackupDuty.class);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);
  private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);

  /** The format level that knows backups. */
  private static final int MIN_FORMAT_LEVEL = 3;

  /** After one that failed. */
  private static final Duration RETRY_PAUSE = Duration.ofMinutes(10);

  private final BackupOptions options;
  private final Optional<BackupPlace> place;
  private final BackupRegistry registry;
  private final BackupMaker maker;
  private final BackupRetention retention;
  private final ScheduledExecutorService scheduler;
  private final Executor makers;
  private final Clock clock;
  private final LongSupplier nanoClock;

  /** One is about to be made, or is made, because it was due. */
  private final AtomicBoolean making = new AtomicBoolean();

  /** When to try again after one that failed, by the monotonic clock; empty after a good one. */
  private volatile OptionalLong notBefore = OptionalLong.empty();

  @GuardedBy("this")
  private @Nullable ScheduledFuture<?> timer;

  @GuardedBy("this")
  private OptionalLong term = OptionalLong.empty();

  /**
   * @param scheduler looks, and is blocked meanwhile
   * @param makers makes, and is blocked meanwhile; asked for no more than one at a time
   */
  BackupDuty(
      BackupOptions options,
      Optional<BackupPlace> place,
      BackupRegistry registry,
      BackupMaker maker,
      BackupRetention retention,
      ScheduledExecutorService scheduler,
      Executor makers,
      Clock clock,
      LongSupplier nanoClock) {
    this.options = options;
    this.place = place;
    this.registry = registry;
    this.maker = maker;
    this.retention = retention;
    this.scheduler = scheduler;
    this.makers = makers;
    this.clock = clock;
    this.nanoClock = nanoClock;
  }

  @Override
  public synchronized void onLeaderReady(long newTerm) {
    onLeadershipLost();
    term = OptionalLong.of(newTerm);
    long pause = pause().toMillis();
    try {
      timer =
          scheduler.scheduleWithFixedDelay(
              () -> run(newTerm), Math.min(pause, 1000), pause, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping", e);
    }
  }

  private Duration pause() {
    Duration tenth = options.interval().dividedBy(10);
    if (options.interval().isZero() || tenth.compareTo(LONGEST_PAUSE) > 0) {
      return LONGEST_PAUSE;
    }
    return tenth.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : tenth;
  }

  @Override
  public synchronized void onLeadershipLost() {
    term = OptionalLong.empty();
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  /** The term in which this node leads. */
  synchronized OptionalLong term() {
    return term;
  }

  private boolean leads(long expected) {
    OptionalLong now = term();
    return now.isPresent() && now.getAsLong() == expected;
  }

  /** A task that throws, whatever it is, would never be run again, and nobody would hear of it. */
  private void run(long inTerm) {
    try {
      look(inTerm);
    } catch (RuntimeException e) {
      log.warn("looking after the backups did not get on; trying again: {}", e.getMessage(), e);
    } catch (Throwable e) {
      log.error("looking after the backups failed; trying again: {}", e.getMessage(), e);
    }
  }

  /** One look at everything. */
  void look(long inTerm) {
    if (leads(inTerm) && isDue() && making.compareAndSet(false, true)) {
      try {
        makers.execute(() -> make(inTerm));
      } catch (RejectedExecutionException e) {
        making.set(false);
        log.debug("the node is stopping", e);
      }
    }
    retention.look(inTerm, () -> leads(inTerm));
  }

  private boolean isDue() {
    if (options.interval().isZero()
        || place.isEmpty()
        || maker.isMaking()
        || registry.formatLevel() < MIN_FORMAT_LEVEL
        || isTooSoon(notBefore)) {
      return false;
    }
    long since = clock.instant().getEpochSecond() - lastSuccessSeconds();
    // One from the future was stamped by a wrong clock, and is no reason to wait for that time.
    return Math.abs(since) >= options.interval().toSeconds();
  }

  private boolean isTooSoon(OptionalLong until) {
    return until.isPresent() && nanoClock.getAsLong() - until.getAsLong() < 0;
  }

  /**
   * When the last one was complete, Unix seconds; 0 without any. The last one made: a time that a
   * wrong clock has put on an earlier one does not count.
   */
  long lastSuccessSeconds() {
    List<Backup> complete = retention.complete();
    return complete.isEmpty() ? 0 : complete.get(complete.size() - 1).getCompletedAt();
  }

  private void make(long inTerm) {
    try {
      if (leads(inTerm)) {
        var unused = maker.makeIn(place.orElseThrow(), inTerm);
        notBefore = OptionalLong.empty();
      }
    } catch (BackupFailedException e) {
      log.debug("trying again in {}", waitAfterFailure());
    } catch (Throwable e) { // nobody else would hear of it
      log.error("making a backup failed; trying again in {}", waitAfterFailure(), e);
    } finally {
      making.set(false);
    }
  }

  private Duration waitAfterFailure() {
    Duration wait =
        options.interval().compareTo(RETRY_PAUSE) < 0 ? options.interval() : RETRY_PAUSE;
    notBefore = OptionalLong.of(nanoClock.getAsLong() + wait.toNanos());
    return wait;
  }

  @Override
  public void close() {
    onLeadershipLost();
  }
}
