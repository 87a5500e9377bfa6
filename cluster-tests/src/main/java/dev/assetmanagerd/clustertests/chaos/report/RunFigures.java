package dev.assetmanagerd.clustertests.chaos.report;

import dev.assetmanagerd.clustertests.chaos.check.WriteGaps;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.FaultEvent;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;

/**
 * A run in figures.
 *
 * @param length from its first event to its last
 * @param calls that were recorded and checked
 * @param done calls that were answered with success
 * @param unknown calls of which nobody can tell whether they took effect
 * @param faults that were injected
 * @param gapP50 between acknowledged writes with a quorum alive, in the median
 * @param gapP99 the same, of which one of a hundred is longer
 * @param gapMax the longest
 */
public record RunFigures(
    Duration length,
    long calls,
    long done,
    long unknown,
    long faults,
    Duration gapP50,
    Duration gapP99,
    Duration gapMax) {
  /** The figures of a history. */
  public static RunFigures of(History history) {
    WriteGaps gaps = WriteGaps.of(history);
    return new RunFigures(
        Duration.ofNanos(history.endNanos()),
        history.calls().size(),
        history.calls().stream().filter(Call::isOk).count(),
        history.calls().stream().filter(Call::isUnknown).count(),
        history.faults().stream().filter(FaultEvent::begins).count(),
        gaps.percentile(50),
        gaps.percentile(99),
        gaps.longest());
  }

  /** Calls that were refused, and certainly have no effect. */
  public long refused() {
    return calls - done - unknown;
  }
}
