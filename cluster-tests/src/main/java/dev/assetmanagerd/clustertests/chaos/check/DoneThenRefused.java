package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Calls that were done, or of which the effect was seen, and that were refused when they were made
 * again under the same idempotency key: their client takes for undone what was done.
 *
 * <p>An effect without an answer is looked for where it is plain to see: an asset that only this
 * call can have made.
 */
final class DoneThenRefused {
  /** For so long a key is remembered, at least. */
  private static final Duration KEPT = Duration.ofHours(1);

  private final Map<String, List<Call>> makersOf = new HashMap<>();
  private final Map<String, List<Call>> sightsOf = new HashMap<>();

  private DoneThenRefused() {}

  /** All of a history. */
  static List<Finding> in(History history) {
    DoneThenRefused search = new DoneThenRefused();
    Map<String, List<Call>> byKey = new HashMap<>();
    for (Call call : history.calls()) {
      search.note(call);
      if (!call.key().isEmpty()) {
        byKey.computeIfAbsent(call.key(), none -> new ArrayList<>()).add(call);
      }
    }
    List<Finding> findings = new ArrayList<>();
    byKey.forEach((key, calls) -> search.compare(key, calls, findings));
    return findings;
  }

  private void note(Call call) {
    if (isMaker(call) && !Refusals.isRefused(call)) {
      call.assets().forEach(id -> list(makersOf, id).add(call));
    } else if (call.kind() == Kind.GET && call.isOk()) {
      call.assets().forEach(id -> list(sightsOf, id).add(call));
    }
  }

  private static boolean isMaker(Call call) {
    return call.kind() == Kind.REGISTER || call.kind() == Kind.UPLOAD;
  }

  private static List<Call> list(Map<String, List<Call>> lists, String id) {
    return lists.computeIfAbsent(id, none -> new ArrayList<>());
  }

  private void compare(String key, List<Call> sameKey, List<Finding> findings) {
    for (Call refused : sameKey) {
      if (!Refusals.isRefused(refused)) {
        continue;
      }
      sameKey.stream()
          .filter(call -> refused.invokeNanos() - call.invokeNanos() < KEPT.toNanos())
          .flatMap(call -> proof(call).stream())
          .filter(proof -> proof.returnNanos() < refused.invokeNanos())
          .findFirst()
          .ifPresent(
              proof ->
                  findings.add(
                      new Finding(
                          "key %s was done and then refused:\n  %s\n  %s"
                              .formatted(key, proof.inWords(), refused.inWords()),
                          List.of(proof.sequence(), refused.sequence()))));
    }
  }

  /** The first answer from which it is certain that a call took effect. */
  private Optional<Call> proof(Call call) {
    if (call.isOk()) {
      return Optional.of(call);
    }
    if (!call.isUnknown() || !isMaker(call) || call.assets().size() != 1) {
      return Optional.empty();
    }
    String id = call.assets().get(0);
    return sightsOf.getOrDefault(id, List.of()).stream()
        .filter(sight -> sight.returnNanos() > call.invokeNanos())
        .findFirst()
        .filter(
            sight ->
                makersOf.getOrDefault(id, List.of()).stream()
                    .filter(maker -> maker.invokeNanos() < sight.returnNanos())
                    .allMatch(maker -> maker.key().equals(call.key())));
  }
}
