package dev.assetmanagerd.clustertests.client;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Every way in which a call over Connect can fail. */
final class ConnectFailures {
  private static final Pattern CODE = Pattern.compile("\"code\"\\s*:\\s*\"([a-z_]+)\"");
  private static final Pattern OUTCOME =
      Pattern.compile(
          "\"" + CallFailedException.OUTCOME_TRAILER + "\"\\s*:\\s*\\[\\s*\"([a-z]+)\"");

  private ConnectFailures() {}

  /** There is no answer. */
  static CallFailedException of(IOException failure) {
    return new CallFailedException(code(failure), String.valueOf(failure), failure);
  }

  private static String code(IOException failure) {
    if (failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException) {
      return CallFailedException.NOT_CONNECTED;
    }
    return failure instanceof HttpTimeoutException
        ? "no_answer_in_time"
        : CallFailedException.CONNECTION_LOST;
  }

  /** The answer is an error. */
  static CallFailedException of(int httpStatus, String body, String outcome) {
    Matcher code = CODE.matcher(body);
    return new CallFailedException(
        code.find() ? code.group(1) : codeOf(httpStatus), body, outcome, null);
  }

  /** The last message of a stream is an error, with its trailers beside it. */
  static CallFailedException ofStream(String end) {
    Matcher code = CODE.matcher(end);
    Matcher outcome = OUTCOME.matcher(end);
    return new CallFailedException(
        code.find() ? code.group(1) : "upload_failed",
        end,
        outcome.find() ? outcome.group(1) : "",
        null);
  }

  /** What Connect lays down for answers that do not come from the service itself. */
  private static String codeOf(int httpStatus) {
    return switch (httpStatus) {
      case 401 -> "unauthenticated";
      case 403 -> "permission_denied";
      case 404 -> "unimplemented";
      case 429, 502, 503, 504 -> "unavailable";
      default -> "http_" + httpStatus;
    };
  }
}
