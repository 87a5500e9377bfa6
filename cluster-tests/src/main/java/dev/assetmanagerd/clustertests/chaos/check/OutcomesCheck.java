package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Counts how calls ended, and finds those that ended with a code that no fault is an excuse for: a
 * node that says so has met with something it did not expect.
 */
public final class OutcomesCheck implements HistoryCheck {
  private static final int FINDINGS_MAX = 10;
  private static final Set<String> NO_EXCUSE =
      Set.of("internal", "unknown", "unimplemented", "data_loss", "invalid_argument");

  @Override
  public Verdict check(History history) {
    Map<String, Long> counts = new TreeMap<>();
    Map<String, Long> unknownCodes = new TreeMap<>();
    for (Call call : history.calls()) {
      counts.merge(call.kind() + " " + call.outcome().word(), 1L, Long::sum);
      if (call.outcome() instanceof Outcome.Unknown unknown) {
        unknownCodes.merge(unknown.code(), 1L, Long::sum);
      }
    }
    List<Finding> findings =
        history.calls().stream()
            .filter(call -> NO_EXCUSE.contains(code(call)))
            .limit(FINDINGS_MAX)
            .map(call -> new Finding(call.inWords(), List.of(call.sequence())))
            .toList();
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("calls", Integer.toString(history.calls().size()));
    figures.put(
        "of unknown outcome",
        Long.toString(history.calls().stream().filter(Call::isUnknown).count()));
    figures.put("codes of those", unknownCodes.toString());
    counts.forEach((what, count) -> figures.put(what, Long.toString(count)));
    return Verdict.of(CheckNames.OUTCOMES, findings, figures);
  }

  private static String code(Call call) {
    return call.outcome() instanceof Outcome.Fail fail
        ? fail.code()
        : call.outcome() instanceof Outcome.Unknown unknown ? unknown.code() : "";
  }
}
