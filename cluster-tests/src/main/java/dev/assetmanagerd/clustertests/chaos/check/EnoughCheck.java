package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.history.FaultEvent;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Enough has happened for a run to prove something: faults, and reads and writes that were answered
 * with success. Where it has not, that no promise was broken says nothing.
 */
public final class EnoughCheck implements HistoryCheck {
  /** Faults that a run has to have. */
  public static final int FAULTS_LEAST = 2;

  private static final int WRITES_LEAST = 100;
  private static final int READS_LEAST = 20;

  @Override
  public Verdict check(History history) {
    long faults = history.faults().stream().filter(FaultEvent::begins).count();
    long writes = history.calls().stream().filter(c -> c.isOk() && c.kind().isWrite()).count();
    long reads = history.calls().stream().filter(c -> c.isOk() && !c.kind().isWrite()).count();
    List<Finding> lacking = new ArrayList<>();
    require(lacking, faults, FAULTS_LEAST, "faults");
    require(lacking, writes, WRITES_LEAST, "acknowledged writes");
    require(lacking, reads, READS_LEAST, "answered reads");
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("faults", Long.toString(faults));
    figures.put("acknowledged writes", Long.toString(writes));
    figures.put("answered reads", Long.toString(reads));
    return new Verdict(
        CheckNames.ENOUGH, lacking.isEmpty() ? Result.KEPT : Result.UNDECIDED, lacking, figures);
  }

  private static void require(List<Finding> lacking, long count, int least, String what) {
    if (count < least) {
      lacking.add(
          new Finding(
              "%d %s, fewer than %d: this run proves nothing".formatted(count, what, least),
              List.of()));
    }
  }
}
