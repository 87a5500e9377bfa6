package dev.assetmanagerd.cli;

import io.grpc.Status;

/**
 * Exit codes of the client commands. Scripts rely on them.
 *
 * <table>
 * <caption>Codes</caption>
 * <tr><td>0</td><td>done</td></tr>
 * <tr><td>1</td><td>internal error, of the node or of this program</td></tr>
 * <tr><td>2</td><td>wrong usage, or a value that the node refuses</td></tr>
 * <tr><td>3</td><td>no node, no leader or no capacity; nothing was changed</td></tr>
 * <tr><td>4</td><td>there is no such asset or lease</td></tr>
 * <tr><td>5</td><td>a conflict, or a condition that does not hold, such as a lease in the way</td></tr>
 * <tr><td>6</td><td>not allowed</td></tr>
 * <tr><td>7</td><td>timed out or cut off: it is not known whether the change was made</td></tr>
 * <tr><td>8</td><td>the bytes are not what they should be</td></tr>
 * <tr><td>130</td><td>interrupted</td></tr>
 * </table>
 */
final class ExitCodes {
  static final int OK = 0;
  static final int INTERNAL = 1;
  static final int USAGE = 2;
  static final int UNAVAILABLE = 3;
  static final int NOT_FOUND = 4;
  static final int CONFLICT = 5;
  static final int NOT_ALLOWED = 6;
  static final int OUTCOME_UNKNOWN = 7;
  static final int INTEGRITY = 8;
  static final int INTERRUPTED = 130;

  private ExitCodes() {}

  static int of(Status.Code code, boolean outcomeUnknown) {
    return switch (code) {
      case OK -> OK;
      case INVALID_ARGUMENT, OUT_OF_RANGE -> USAGE;
      case NOT_FOUND -> NOT_FOUND;
      case ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED -> CONFLICT;
      case PERMISSION_DENIED, UNAUTHENTICATED -> NOT_ALLOWED;
      case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED ->
          outcomeUnknown ? OUTCOME_UNKNOWN : UNAVAILABLE;
      case CANCELLED -> outcomeUnknown ? OUTCOME_UNKNOWN : INTERRUPTED;
      case DATA_LOSS -> INTEGRITY;
      case UNKNOWN, INTERNAL, UNIMPLEMENTED -> INTERNAL;
    };
  }
}
