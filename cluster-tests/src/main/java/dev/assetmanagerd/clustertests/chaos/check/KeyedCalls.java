package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Calls with the same idempotency key are one: it took effect after the first was invoked, and
 * before any was answered that it did.
 */
final class KeyedCalls {
  private KeyedCalls() {}

  /** The calls, with each key once among those that may have taken effect. */
  static List<Call> merged(List<Call> calls) {
    List<Call> merged = new ArrayList<>(calls.size());
    byKey(calls).values().forEach(sameKey -> merged.add(merge(sameKey)));
    calls.stream().filter(call -> !mayRepeat(call)).forEach(merged::add);
    merged.sort(Comparator.comparingLong(Call::invokeNanos));
    return merged;
  }

  /** Calls with a key that may have taken effect, together where they have the same. */
  static Map<String, List<Call>> byKey(List<Call> calls) {
    Map<String, List<Call>> byKey = new LinkedHashMap<>();
    for (Call call : calls) {
      if (mayRepeat(call)) {
        byKey.computeIfAbsent(call.key(), none -> new ArrayList<>()).add(call);
      }
    }
    return byKey;
  }

  private static boolean mayRepeat(Call call) {
    return !call.key().isEmpty() && !(call.outcome() instanceof Outcome.Fail);
  }

  private static Call merge(Collection<Call> sameKey) {
    Call first = sameKey.stream().min(Comparator.comparingLong(Call::invokeNanos)).orElseThrow();
    Optional<Call> answered =
        sameKey.stream().filter(Call::isOk).min(Comparator.comparingLong(Call::returnNanos));
    Call told = answered.orElse(first);
    return new Call(
        told.process(),
        told.sequence(),
        told.kind(),
        told.assets(),
        told.input(),
        told.key(),
        told.outcome(),
        first.invokeNanos(),
        told.returnNanos(),
        told.nodes(),
        0); // whatever the number of attempts
  }
}
