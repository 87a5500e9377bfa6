package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.registry.FormatLevels;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Puts into an entry what only the leader may decide: ids, the wall time, its reading of the clock,
 * and the format level, which is the lowest that the commands can do with. Thread-safe.
 *
 * <p>A reading is the time of this leadership so far, counted on this process's monotonic clock
 * from stamp to stamp, {@link #ADVANCE_MILLIS_MAX} at most between two of them. So it never runs
 * ahead of real time, whatever wall clocks, pauses or elections do; where it lags, leases live
 * longer.
 */
final class Stamper {
  static final long ADVANCE_MILLIS_MAX = 2_000;

  private final LongSupplier wallMillis;
  private final LongSupplier monotonicNanos;
  private final IdFiller ids;
  private long term = -1;
  private long countedNanos;
  private long reading;

  Stamper(LongSupplier wallMillis, LongSupplier monotonicNanos, Ulids ulids) {
    this.wallMillis = wallMillis;
    this.monotonicNanos = monotonicNanos;
    this.ids = new IdFiller(ulids);
  }

  /**
   * @param currentTerm in which this node leads
   */
  LogEntry stamp(List<Command> commands, long currentTerm) {
    long now = wallMillis.getAsLong();
    var entry =
        LogEntry.newBuilder()
            .setFormatLevel(FormatLevels.neededBy(commands))
            .setWallTimeMillis(now)
            .setTerm(currentTerm)
            .setClockReadingMillis(read(currentTerm));
    commands.forEach(command -> entry.addCommands(ids.fillIn(command, now)));
    return entry.build();
  }

  /** How long ago the last stamp was taken; decades when it was in another term. */
  synchronized long millisSinceLast(long currentTerm) {
    return term == currentTerm
        ? TimeUnit.NANOSECONDS.toMillis(monotonicNanos.getAsLong() - countedNanos)
        : Long.MAX_VALUE;
  }

  private synchronized long read(long currentTerm) {
    if (currentTerm < term) {
      return 0; // Ratis will refuse the entry; counting in the newer term goes on undisturbed
    }
    long now = monotonicNanos.getAsLong();
    if (currentTerm > term) {
      term = currentTerm;
      countedNanos = now;
      reading = 0;
      return reading;
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(now - countedNanos);
    if (millis > ADVANCE_MILLIS_MAX) {
      countedNanos = now;
      reading += ADVANCE_MILLIS_MAX;
    } else {
      // Not "now": the fraction of a millisecond counts the next time.
      countedNanos += TimeUnit.MILLISECONDS.toNanos(millis);
      reading += millis;
    }
    return reading;
  }
}
