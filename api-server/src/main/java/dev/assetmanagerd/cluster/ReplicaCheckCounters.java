package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What comparing the replicas has found, on the node that led then. Thread-safe. */
public final class ReplicaCheckCounters {
  /** The verdicts there are. */
  public static final List<Verdict> VERDICTS =
      List.of(
          Verdict.VERDICT_EQUAL,
          Verdict.VERDICT_INCOMPLETE,
          Verdict.VERDICT_DEVIATING,
          Verdict.VERDICT_UNDECIDED);

  private final Map<Verdict, LongAdder> checks = new EnumMap<>(Verdict.class);
  private volatile int differing;
  private volatile long lastMillis;

  ReplicaCheckCounters() {
    VERDICTS.forEach(verdict -> checks.put(verdict, new LongAdder()));
  }

  /** Comparisons with this verdict. */
  public long checks(Verdict verdict) {
    LongAdder count = checks.get(verdict);
    return count == null ? 0 : count.sum();
  }

  /** Members of which the last comparison found that their state may be wrong. */
  public int differing() {
    return differing;
  }

  /** How long the last comparison took. */
  public long lastMillis() {
    return lastMillis;
  }

  /**
   * @param differing members outside of the majority; all where there is none
   */
  void count(Verdict verdict, int differing, long millis) {
    LongAdder count = checks.get(verdict);
    if (count != null) {
      count.increment();
    }
    this.differing = differing;
    this.lastMillis = millis;
  }
}
