package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.clustertests.client.CallFailedException;
import java.util.Set;

/**
 * What a failed attempt means. In doubt it may have taken effect: to take what was done for undone
 * makes right answers look wrong, the other way round a wrong one can get lost at worst.
 */
final class Failures {
  /** The call broke a rule, of the request or of the registry, and that is all that it did. */
  private static final Set<String> REFUSALS =
      Set.of(
          "invalid_argument",
          "not_found",
          "already_exists",
          "failed_precondition",
          "out_of_range",
          "permission_denied",
          "unauthenticated",
          "unimplemented");

  /** The node, the cluster or the way there was in a bad state. */
  private static final Set<String> PASSING =
      Set.of(
          "unavailable",
          "deadline_exceeded",
          "resource_exhausted",
          "canceled",
          "cancelled",
          "no_answer_in_time",
          CallFailedException.CONNECTION_LOST,
          CallFailedException.NOT_CONNECTED);

  private Failures() {}

  /** Whether an attempt of a call that changes something may have done, or may do so yet. */
  static boolean mayHaveTakenEffect(CallFailedException failure) {
    return switch (failure.outcome()) {
      case CallFailedException.UNCHANGED -> false;
      case CallFailedException.UNKNOWN -> true;
      default ->
          !REFUSALS.contains(failure.code())
              && !failure.code().equals(CallFailedException.NOT_CONNECTED);
    };
  }

  /** Whether to ask again, at another node, is what a reasonable client does. */
  static boolean mayPass(CallFailedException failure) {
    return PASSING.contains(failure.code());
  }
}
