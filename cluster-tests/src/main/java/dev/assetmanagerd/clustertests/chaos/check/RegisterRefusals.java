package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Assets that could not be registered or uploaded for a reason that the history rules out.
 *
 * <p>That an id is taken by other content takes somebody who may have brought other content under
 * it. That something is being deleted takes somebody who may have deleted the asset, or another one
 * with the same content, since both may share a blob.
 */
final class RegisterRefusals {
  private final Map<String, Set<String>> idsOfContent = new HashMap<>();
  private final Map<String, List<Call>> makersOf = new HashMap<>();
  private final Map<String, Long> mayBeDeletedFrom = new HashMap<>();

  private RegisterRefusals() {}

  static List<Finding> unexplained(History history) {
    RegisterRefusals search = new RegisterRefusals();
    history.calls().forEach(search::note);
    List<Finding> findings = new ArrayList<>();
    for (Call call : history.calls()) {
      if (isMaker(call) && call.assets().size() == 1 && !search.isExplained(call)) {
        findings.add(
            new Finding("nothing explains this: " + call.inWords(), List.of(call.sequence())));
      }
    }
    return findings;
  }

  private static boolean isMaker(Call call) {
    return call.kind() == Kind.REGISTER || call.kind() == Kind.UPLOAD;
  }

  private void note(Call call) {
    if (isMaker(call)) {
      call.assets().forEach(id -> idsOf(call.input().content()).add(id));
    }
    if (call.outcome() instanceof Outcome.Fail) {
      return;
    }
    if (isMaker(call)) {
      call.assets()
          .forEach(id -> makersOf.computeIfAbsent(id, none -> new ArrayList<>()).add(call));
    } else if (call.kind() == Kind.DELETE) {
      call.assets().forEach(id -> deleted(id, call));
    } else if (call.kind() == Kind.COLLECT) {
      // Of attempts that got lost nobody knows what they took.
      List<String> taken =
          call.value()
              .filter(value -> call.doubtful() == 0)
              .map(value -> value.seen().stream().map(Seen::asset).toList())
              .orElse(call.assets());
      taken.forEach(id -> deleted(id, call));
    }
  }

  private Set<String> idsOf(String content) {
    return idsOfContent.computeIfAbsent(content, none -> new HashSet<>());
  }

  private void deleted(String id, Call call) {
    mayBeDeletedFrom.merge(id, call.invokeNanos(), Math::min);
  }

  private boolean isExplained(Call call) {
    String id = call.assets().get(0);
    if (call.failedWith("already_exists")) {
      return makersOf.getOrDefault(id, List.of()).stream()
          .anyMatch(
              maker ->
                  maker.invokeNanos() < call.returnNanos()
                      && !maker.input().content().equals(call.input().content()));
    }
    if (call.failedWith("failed_precondition")) {
      Set<String> sharing = new HashSet<>(idsOf(call.input().content()));
      sharing.add(id);
      return sharing.stream()
          .anyMatch(
              other -> mayBeDeletedFrom.getOrDefault(other, Long.MAX_VALUE) < call.returnNanos());
    }
    return true;
  }
}
