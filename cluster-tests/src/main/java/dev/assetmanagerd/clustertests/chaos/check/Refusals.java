package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/** With which codes calls may end, by what they ask for. */
final class Refusals {
  /** A node, the cluster, or the way there is in a bad state; the call may be made again. */
  private static final Set<String> PASSING =
      Set.of(
          "unavailable",
          "deadline_exceeded",
          "resource_exhausted",
          "canceled",
          "cancelled",
          "no_answer_in_time",
          "not_ended",
          CallFailedException.CONNECTION_LOST,
          CallFailedException.NOT_CONNECTED);

  private static final Set<String> NOT_FOUND = Set.of("not_found");
  private static final Set<String> NOT_USABLE = Set.of("not_found", "failed_precondition");
  private static final Set<String> TAKEN = Set.of("already_exists", "failed_precondition");

  /** What the state of the registry may stand against; of kinds that are not here, nothing. */
  private static final Map<Kind, Set<String>> BY_KIND =
      new EnumMap<>(
          Map.of(
              Kind.REGISTER, TAKEN,
              Kind.UPLOAD, TAKEN,
              Kind.ACQUIRE, NOT_USABLE,
              Kind.PREPARE, NOT_USABLE,
              Kind.RELEASE, NOT_FOUND,
              Kind.DELETE, NOT_FOUND,
              Kind.GET, NOT_FOUND,
              Kind.KEEP_SESSION, NOT_FOUND,
              Kind.CLOSE_SESSION, NOT_FOUND));

  private Refusals() {}

  /** Whether a call of this kind may end in this way. */
  static boolean mayEndSo(Call call) {
    String code = code(call);
    return call.isOk()
        || PASSING.contains(code)
        || BY_KIND.getOrDefault(call.kind(), Set.of()).contains(code);
  }

  /** Whether the last answer was that the call itself is refused, not that it was not possible. */
  static boolean isRefused(Call call) {
    return !call.isOk() && !PASSING.contains(code(call));
  }

  /** As Connect spells it; empty of a call that was done. */
  static String code(Call call) {
    return call.outcome() instanceof Outcome.Fail fail
        ? fail.code()
        : call.outcome() instanceof Outcome.Unknown unknown ? unknown.code() : "";
  }
}
