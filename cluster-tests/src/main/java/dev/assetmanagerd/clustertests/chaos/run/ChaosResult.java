package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.util.List;

/**
 * What a run came to.
 *
 * @param verdicts of all checks and observers
 */
record ChaosResult(ChaosOptions options, History history, List<Verdict> verdicts) {
  ChaosResult {
    verdicts = List.copyOf(verdicts);
  }

  boolean isGood() {
    return verdicts.stream().allMatch(Verdict::isKept);
  }
}
