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

  /** Whether some promise was broken; what could not be decided is neither good nor broken. */
  boolean isBroken() {
    return verdicts.stream().anyMatch(verdict -> verdict.result() == Verdict.Result.BROKEN);
  }

  /** In one word. */
  String word() {
    return isGood() ? "GOOD" : isBroken() ? "BROKEN" : "UNDECIDED";
  }

  /** Names of the checks that did not say that all is well. */
  List<String> notKept() {
    return verdicts.stream().filter(verdict -> !verdict.isKept()).map(Verdict::check).toList();
  }

  /** Names of the checks that found a promise broken. */
  List<String> broken() {
    return verdicts.stream()
        .filter(verdict -> verdict.result() == Verdict.Result.BROKEN)
        .map(Verdict::check)
        .distinct()
        .toList();
  }
}
