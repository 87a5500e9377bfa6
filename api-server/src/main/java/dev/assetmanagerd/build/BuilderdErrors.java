package dev.assetmanagerd.build;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.linecorp.armeria.client.UnprocessedRequestException;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.MediaType;
import dev.assetmanagerd.build.BuilderdException.Meaning;
import io.grpc.Status;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a failed call of builderd means.
 *
 * <p>Certain is only what builderd itself says in an error of the Connect protocol, and what never
 * left this host. An answer without such an error comes from something between us and builderd,
 * which may have passed the call on before.
 */
final class BuilderdErrors {
  private static final int MAX_MESSAGE_CHARS = 500;
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}+");

  private BuilderdErrors() {}

  /** For a call that got no answer. */
  static BuilderdException withoutAnswer(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof BuilderdException known) {
      return known;
    }
    if (cause instanceof UnprocessedRequestException) {
      Throwable why = cause.getCause() == null ? cause : cause.getCause();
      return new BuilderdException(
          Status.Code.UNAVAILABLE, Meaning.NOT_TAKEN, "builderd cannot be reached: " + text(why));
    }
    return new BuilderdException(
        Status.Code.UNKNOWN, Meaning.UNKNOWN, "builderd did not answer: " + text(cause));
  }

  /** For an answer that is not a success. */
  static BuilderdException of(AggregatedHttpResponse response) {
    return connectError(response).orElseGet(() -> withoutConnectError(response));
  }

  /** For an answer that says success and cannot be read. */
  static BuilderdException unreadable(String why) {
    return new BuilderdException(
        Status.Code.UNKNOWN, Meaning.UNKNOWN, "builderd's answer cannot be read: " + clean(why));
  }

  private static Optional<BuilderdException> connectError(AggregatedHttpResponse response) {
    MediaType type = response.contentType();
    if (type == null || !type.belongsTo(MediaType.JSON)) {
      return Optional.empty();
    }
    try {
      JsonElement json = JsonParser.parseString(response.contentUtf8());
      if (!json.isJsonObject()) {
        return Optional.empty();
      }
      JsonObject error = json.getAsJsonObject();
      return code(string(error, "code"))
          .map(
              code ->
                  new BuilderdException(
                      code,
                      meaning(code),
                      "builderd says "
                          + code.name().toLowerCase(Locale.ROOT)
                          + ": "
                          + clean(string(error, "message"))));
    } catch (JsonParseException notJson) {
      return Optional.empty();
    }
  }

  private static BuilderdException withoutConnectError(AggregatedHttpResponse response) {
    int status = response.status().code();
    String message = "builderd's endpoint answers HTTP status " + status;
    return switch (status) {
      case 401 -> new BuilderdException(Status.Code.UNAUTHENTICATED, Meaning.REFUSED, message);
      case 403 -> new BuilderdException(Status.Code.PERMISSION_DENIED, Meaning.REFUSED, message);
      case 404, 405, 415 ->
          new BuilderdException(Status.Code.UNIMPLEMENTED, Meaning.REFUSED, message);
      case 429 -> new BuilderdException(Status.Code.UNAVAILABLE, Meaning.NOT_TAKEN, message);
      default -> new BuilderdException(Status.Code.UNKNOWN, Meaning.UNKNOWN, message);
    };
  }

  private static Meaning meaning(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED -> Meaning.NOT_TAKEN;
      case INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          UNAUTHENTICATED,
          FAILED_PRECONDITION,
          OUT_OF_RANGE,
          UNIMPLEMENTED ->
          Meaning.REFUSED;
      case OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, DATA_LOSS -> Meaning.UNKNOWN;
    };
  }

  private static Optional<Status.Code> code(String name) {
    // Connect writes "canceled", gRPC CANCELLED.
    String grpcName = name.equals("canceled") ? "CANCELLED" : name.toUpperCase(Locale.ROOT);
    for (Status.Code code : Status.Code.values()) {
      if (code != Status.Code.OK && code.name().equals(grpcName)) {
        return Optional.of(code);
      }
    }
    return Optional.empty();
  }

  private static String string(JsonObject object, String name) {
    JsonElement value = object.get(name);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
  }

  private static String text(Throwable failure) {
    String message = failure.getMessage();
    return clean(message == null ? failure.getClass().getSimpleName() : message);
  }

  /** As it may go into the registry and to clients: one line, not long. */
  static String clean(@Nullable String text) {
    String line = CONTROL.matcher(text == null ? "" : text).replaceAll(" ").strip();
    if (line.codePointCount(0, line.length()) <= MAX_MESSAGE_CHARS) {
      return line;
    }
    return line.substring(0, line.offsetByCodePoints(0, MAX_MESSAGE_CHARS)) + "…";
  }
}
