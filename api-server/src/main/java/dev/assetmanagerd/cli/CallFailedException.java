package dev.assetmanagerd.cli;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Locale;

/** A call that did not succeed, on any node it was made to. */
final class CallFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Metadata.Key<String> OUTCOME =
      Metadata.Key.of("assetmanager-outcome", Metadata.ASCII_STRING_MARSHALLER);

  private final Status.Code code;
  private final boolean outcomeUnknown;

  CallFailedException(Status.Code code, boolean outcomeUnknown, String message) {
    super(message);
    this.code = code;
    this.outcomeUnknown = outcomeUnknown;
  }

  /**
   * @param changes whether the call was one that changes something: then, a node that is gone or
   *     out of time and does not say otherwise may have done it
   */
  static CallFailedException of(StatusRuntimeException failure, boolean changes) {
    Status status = failure.getStatus();
    String description = status.getDescription();
    return new CallFailedException(
        status.getCode(),
        changes && mayHaveBeenDone(failure),
        description == null ? "the node gave no reason" : description);
  }

  private static boolean mayHaveBeenDone(StatusRuntimeException failure) {
    Metadata trailers = failure.getTrailers();
    String outcome = trailers == null ? null : trailers.get(OUTCOME);
    return switch (failure.getStatus().getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> !"unchanged".equals(outcome);
      default -> "unknown".equals(outcome);
    };
  }

  /**
   * Whether another node should be asked.
   *
   * @param repeatable whether the call may be made again when it may have been done
   */
  boolean worthAnotherNode(boolean repeatable) {
    return code == Status.Code.UNAVAILABLE && (repeatable || !outcomeUnknown);
  }

  Status.Code code() {
    return code;
  }

  boolean outcomeUnknown() {
    return outcomeUnknown;
  }

  int exitCode() {
    return ExitCodes.of(code, outcomeUnknown);
  }

  /** As one line for standard error. */
  String line() {
    return "error: "
        + code.name().toLowerCase(Locale.ROOT)
        + ": "
        + String.valueOf(getMessage()).replace('\n', ' ');
  }
}
