package dev.assetmanagerd.clustertests.chaos.report;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;

/**
 * A stretch of a run.
 *
 * @param fromNanos since the run began
 * @param toNanos since the run began; after {@code fromNanos}
 */
public record Window(long fromNanos, long toNanos) {
  /** Checks the order. */
  public Window {
    if (toNanos <= fromNanos) {
      throw new IllegalArgumentException("%d is not after %d".formatted(toNanos, fromNanos));
    }
  }

  /** The whole run. */
  public static Window all(History history) {
    return new Window(0, Math.max(1, history.endNanos()));
  }

  /**
   * The time of some calls, and a little before and after.
   *
   * @param sequences numbers of the calls; where the history has none of them, it is all of it
   */
  public static Window around(History history, Collection<Long> sequences, Duration margin) {
    Set<Long> wanted = Set.copyOf(sequences);
    long from = Long.MAX_VALUE;
    long to = Long.MIN_VALUE;
    for (Call call : history.calls()) {
      if (wanted.contains(call.sequence())) {
        from = Math.min(from, call.invokeNanos());
        to = Math.max(to, call.returnNanos());
      }
    }
    return to == Long.MIN_VALUE
        ? all(history)
        : new Window(Math.max(0, from - margin.toNanos()), to + margin.toNanos());
  }

  boolean touches(long from, long to) {
    return to >= fromNanos && from <= toNanos;
  }
}
