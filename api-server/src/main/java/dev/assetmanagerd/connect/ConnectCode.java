package dev.assetmanagerd.connect;

import io.grpc.Status;
import java.util.Locale;

/** How Connect spells a status, and which HTTP status carries it. */
final class ConnectCode {
  /** Connect borrows nginx's "client closed request". */
  private static final int CLIENT_CLOSED_REQUEST = 499;

  private ConnectCode() {}

  static String name(Status.Code code) {
    // Connect writes it with one L; every other name is that of gRPC in lower case.
    return code == Status.Code.CANCELLED ? "canceled" : code.name().toLowerCase(Locale.ROOT);
  }

  static int httpStatus(Status.Code code) {
    return switch (code) {
      case OK -> 200;
      case CANCELLED -> CLIENT_CLOSED_REQUEST;
      case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE -> 400;
      case UNAUTHENTICATED -> 401;
      case PERMISSION_DENIED -> 403;
      case NOT_FOUND -> 404;
      case ALREADY_EXISTS, ABORTED -> 409;
      case RESOURCE_EXHAUSTED -> 429;
      case UNKNOWN, INTERNAL, DATA_LOSS -> 500;
      case UNIMPLEMENTED -> 501;
      case UNAVAILABLE -> 503;
      case DEADLINE_EXCEEDED -> 504;
    };
  }
}
