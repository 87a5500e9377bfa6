package dev.assetmanagerd.clustertests.client;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A call that ended without an answer of its own kind. */
public final class CallFailedException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Code of a call whose connection broke, so that the server could say nothing. */
  public static final String CONNECTION_LOST = "connection_lost";

  /** Code of a call for which no connection could be made, so that nothing was sent. */
  public static final String NOT_CONNECTED = "not_connected";

  /** Outcome of a call that certainly changed nothing, as a node says it in a trailer. */
  public static final String UNCHANGED = "unchanged";

  /** Outcome of a call that may have changed something all the same. */
  public static final String UNKNOWN = "unknown";

  /** Trailer that has one of the two. */
  static final String OUTCOME_TRAILER = "assetmanager-outcome";

  /** How a node says that a failed call had no effect. */
  private static final String NOTHING_WAS_CHANGED = "nothing was changed";

  private static final Set<String> RETRYABLE =
      Set.of(
          "unavailable",
          "deadline_exceeded",
          "resource_exhausted",
          "canceled", // as Connect spells it
          "cancelled", // as gRPC does
          CONNECTION_LOST,
          NOT_CONNECTED);

  private final String code;
  private final String serverMessage;
  private final String outcome;

  /** A failure with a code as Connect spells it, or one of the two above. */
  public CallFailedException(String code, String message, @Nullable Throwable cause) {
    this(code, message, "", cause);
  }

  /** The same with what the node said of the outcome; empty where it said nothing. */
  public CallFailedException(
      String code, String message, String outcome, @Nullable Throwable cause) {
    super(code + ": " + message, cause);
    this.code = code;
    this.serverMessage = message;
    this.outcome = outcome;
  }

  /** The code: {@code unavailable}, {@code not_found} and so on. */
  public String code() {
    return code;
  }

  /** The message without the code. */
  public String serverMessage() {
    return serverMessage;
  }

  /** What the node said of the outcome, in its trailer; empty where it said nothing. */
  public String outcome() {
    return outcome;
  }

  /** Whether trying again, elsewhere or later, may help. */
  public boolean isRetryable() {
    return RETRYABLE.contains(code);
  }

  /** Whether the call may have taken effect although it failed; the server's word counts. */
  public boolean mayHaveTakenEffect() {
    return isRetryable()
        && !code.equals(NOT_CONNECTED)
        && !serverMessage.contains(NOTHING_WAS_CHANGED);
  }
}
