package dev.assetmanagerd.clustertests.chaos.history;

import java.util.Comparator;
import java.util.List;

/**
 * A whole run.
 *
 * @param calls by the time they were invoked
 * @param faults by time
 */
public record History(List<Call> calls, List<FaultEvent> faults) {
  /** Sorts and copies. */
  public History {
    calls =
        calls.stream()
            .sorted(Comparator.comparingLong(Call::invokeNanos).thenComparingLong(Call::sequence))
            .toList();
    faults = faults.stream().sorted(Comparator.comparingLong(FaultEvent::atNanos)).toList();
  }

  /** A run without faults. */
  public static History of(List<Call> calls) {
    return new History(calls, List.of());
  }

  /** When the last event was, in nanoseconds since the run began; 0 where nothing happened. */
  public long endNanos() {
    long end = 0;
    for (Call call : calls) {
      end = Math.max(end, call.returnNanos());
    }
    return faults.isEmpty() ? end : Math.max(end, faults.get(faults.size() - 1).atNanos());
  }
}
