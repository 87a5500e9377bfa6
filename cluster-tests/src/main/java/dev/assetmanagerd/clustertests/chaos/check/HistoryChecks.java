package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** All checks that a history alone, and what was left in the end, can be put to. */
public final class HistoryChecks {
  private HistoryChecks() {}

  /**
   * Puts a history to every check.
   *
   * @param end what the cluster had when it was quiet again
   * @param gapMax longest time without an acknowledged write that is allowed with a quorum alive
   * @param budget of the search
   */
  public static List<Verdict> all(History history, FinalState end, Duration gapMax, Budget budget) {
    List<HistoryCheck> checks =
        List.of(
            new LinearizabilityCheck(budget),
            new LostWritesCheck(end),
            new KeyedRepliesCheck(),
            new LeaseLifeCheck(),
            new WriteGapCheck(gapMax),
            new OutcomesCheck());
    List<Verdict> verdicts = new ArrayList<>();
    checks.forEach(check -> verdicts.add(check.check(history)));
    return verdicts;
  }
}
