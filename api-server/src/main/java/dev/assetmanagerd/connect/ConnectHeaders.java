package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.Status;
import io.grpc.StatusException;
import io.netty.util.AsciiString;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The headers that Connect's unary and streaming calls have in common. */
final class ConnectHeaders {
  static final AsciiString CONTENT_ENCODING = AsciiString.cached("connect-content-encoding");
  static final AsciiString ACCEPT_ENCODING = AsciiString.cached("connect-accept-encoding");

  private static final AsciiString VERSION = AsciiString.cached("connect-protocol-version");
  private static final AsciiString TIMEOUT = AsciiString.cached("connect-timeout-ms");
  private static final Pattern TIMEOUT_MILLIS = Pattern.compile("[0-9]{1,10}");

  private ConnectHeaders() {}

  /** The version may be left out, as people with curl do. */
  static void checkVersion(RequestHeaders headers) throws StatusException {
    String version = headers.get(VERSION);
    if (version != null && !version.equals("1")) {
      throw invalid("header Connect-Protocol-Version must be \"1\", not \"" + version + "\"");
    }
  }

  static @Nullable Duration timeout(RequestHeaders headers) throws StatusException {
    String millis = headers.get(TIMEOUT);
    if (millis == null) {
      return null;
    }
    if (!TIMEOUT_MILLIS.matcher(millis).matches()) {
      throw invalid(
          "header Connect-Timeout-Ms must be a number of at most 10 digits, not \"%s\""
              .formatted(millis));
    }
    return Duration.ofMillis(Long.parseLong(millis));
  }

  private static StatusException invalid(String description) {
    return Status.INVALID_ARGUMENT.withDescription(description).asException();
  }
}
