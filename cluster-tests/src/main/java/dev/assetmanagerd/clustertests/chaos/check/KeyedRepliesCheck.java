package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One idempotency key, one effect: whatever is answered under a key is always the same, what was
 * done is not refused when it is asked for again, and no lease is granted under two keys. That
 * there was no further effect besides is for {@link LinearizabilityCheck}, which takes all calls
 * with a key for one.
 */
public final class KeyedRepliesCheck implements HistoryCheck {
  @Override
  public Verdict check(History history) {
    List<Finding> findings = new ArrayList<>();
    Map<String, List<Call>> byKey = KeyedCalls.byKey(history.calls());
    long repeated = 0;
    for (Map.Entry<String, List<Call>> entry : byKey.entrySet()) {
      List<Call> answered = entry.getValue().stream().filter(Call::isOk).toList();
      repeated += answered.size() > 1 ? 1 : 0;
      for (Call call : answered) {
        compare(entry.getKey(), answered.get(0), call, findings);
      }
    }
    grantedTwice(history, findings);
    findings.addAll(DoneThenRefused.in(history));
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("keys", Integer.toString(byKey.size()));
    figures.put("keys answered more than once", Long.toString(repeated));
    return Verdict.of(CheckNames.KEYS, findings, figures);
  }

  private static void compare(String key, Call first, Call other, List<Finding> findings) {
    Value one = first.value().orElseThrow();
    Value two = other.value().orElseThrow();
    if (first.kind() != other.kind() || !one.equals(two)) {
      findings.add(
          new Finding(
              "key %s was answered differently:\n  %s\n  %s"
                  .formatted(key, first.inWords(), other.inWords()),
              List.of(first.sequence(), other.sequence())));
    }
  }

  private static void grantedTwice(History history, List<Finding> findings) {
    Map<String, Call> grants = new HashMap<>();
    for (Call call : history.calls()) {
      for (String lease : call.value().map(Value::leases).orElse(Map.of()).values()) {
        Call before = grants.putIfAbsent(lease, call);
        if (before != null && (call.key().isEmpty() || !call.key().equals(before.key()))) {
          findings.add(
              new Finding(
                  "lease %s was granted twice:\n  %s\n  %s"
                      .formatted(lease, before.inWords(), call.inWords()),
                  List.of(before.sequence(), call.sequence())));
        }
      }
    }
  }
}
