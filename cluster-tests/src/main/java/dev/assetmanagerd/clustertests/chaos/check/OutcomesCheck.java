package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts how calls ended, and finds those that ended in a way that they must not: with a code that
 * is none of what they ask for, for which no fault is an excuse; or refused where the history rules
 * the reason out.
 */
public final class OutcomesCheck implements HistoryCheck {
  private static final int FINDINGS_MAX = 10;

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
    List<Finding> findings = new ArrayList<>();
    history.calls().stream()
        .filter(call -> !Refusals.mayEndSo(call))
        .map(call -> new Finding("unexpected: " + call.inWords(), List.of(call.sequence())))
        .forEach(findings::add);
    findings.addAll(SessionRefusals.unexplained(history));
    findings.addAll(RegisterRefusals.unexplained(history));
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("calls", Integer.toString(history.calls().size()));
    figures.put(
        "of unknown outcome",
        Long.toString(history.calls().stream().filter(Call::isUnknown).count()));
    figures.put("codes of those", unknownCodes.toString());
    counts.forEach((what, count) -> figures.put(what, Long.toString(count)));
    return Verdict.of(
        CheckNames.OUTCOMES, findings.subList(0, Math.min(FINDINGS_MAX, findings.size())), figures);
  }
}
