package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** All checks that a history alone, and what was left in the end, can be put to. */
public final class HistoryChecks {
  private HistoryChecks() {}

  /**
   * Puts a history to every check.
   *
   * @param end what the cluster had when it was quiet again; empty where nobody could tell, and
   *     nothing is then compared with it
   * @param gapMax longest time without an acknowledged write that is allowed with a quorum alive
   * @param budget of the search
   */
  public static List<Verdict> all(
      History history, Optional<FinalState> end, Duration gapMax, Budget budget) {
    List<HistoryCheck> checks = new ArrayList<>();
    checks.add(new LinearizabilityCheck(budget));
    end.ifPresent(state -> checks.add(new LostWritesCheck(state)));
    checks.add(new KeyedRepliesCheck());
    checks.add(new LeaseLifeCheck());
    checks.add(new WriteGapCheck(gapMax));
    checks.add(new OutcomesCheck());
    return checks.stream().map(check -> check.check(history)).toList();
  }
}
