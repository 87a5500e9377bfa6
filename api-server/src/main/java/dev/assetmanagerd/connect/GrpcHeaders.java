package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import io.grpc.Status;
import io.grpc.StatusException;
import io.netty.util.AsciiString;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The headers and rules that gRPC and gRPC-Web have in common. */
final class GrpcHeaders {
  static final AsciiString ENCODING = AsciiString.cached("grpc-encoding");
  static final AsciiString ACCEPT_ENCODING = AsciiString.cached("grpc-accept-encoding");

  private static final AsciiString TIMEOUT = AsciiString.cached("grpc-timeout");
  private static final Pattern TIMEOUT_FORM = Pattern.compile("([0-9]{1,8})([HMSmun])");

  private GrpcHeaders() {}

  static @Nullable Duration timeout(RequestHeaders headers) throws StatusException {
    String timeout = headers.get(TIMEOUT);
    if (timeout == null) {
      return null;
    }
    Matcher form = TIMEOUT_FORM.matcher(timeout);
    if (!form.matches()) {
      throw protocolError("invalid grpc-timeout \"" + timeout + "\"");
    }
    TimeUnit unit =
        switch (form.group(2)) {
          case "H" -> TimeUnit.HOURS;
          case "M" -> TimeUnit.MINUTES;
          case "S" -> TimeUnit.SECONDS;
          case "m" -> TimeUnit.MILLISECONDS;
          case "u" -> TimeUnit.MICROSECONDS;
          default -> TimeUnit.NANOSECONDS;
        };
    return Duration.ofNanos(unit.toNanos(Long.parseLong(form.group(1))));
  }

  static void checkEnvelope(Envelope envelope) throws StatusException {
    if ((envelope.flags() & ~Envelope.COMPRESSED) != 0) {
      throw protocolError("invalid envelope flags " + envelope.flags());
    }
  }

  static void describeEncodings(ResponseHeadersBuilder headers, Compression encoding) {
    headers.set(ACCEPT_ENCODING, Compression.ADVERTISED);
    if (encoding != Compression.IDENTITY) {
      headers.set(ENCODING, encoding.token());
    }
  }

  private static StatusException protocolError(String what) {
    return Status.INTERNAL.withDescription("protocol error: " + what).asException();
  }
}
