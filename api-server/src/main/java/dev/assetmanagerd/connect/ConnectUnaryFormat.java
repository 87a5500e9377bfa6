package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.Status;
import io.grpc.StatusException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Connect's unary calls: plain HTTP, the message is the body and an error is an HTTP error.
 *
 * @param query the parameters of a GET, which carry the message and what headers say otherwise;
 *     null for a POST
 */
record ConnectUnaryFormat(@Nullable QueryParams query) implements WireFormat {
  @Override
  public String protocol() {
    return query == null ? "connect" : "connect-get";
  }

  @Override
  public void checkRequest(RequestHeaders headers) throws StatusException {
    if (query == null) {
      ConnectHeaders.checkVersion(headers);
      return;
    }
    String version = query.get("connect");
    if (version != null && !version.equals("v1")) {
      throw invalid("query parameter connect must be \"v1\", not \"" + version + "\"");
    }
    if (!query.contains("encoding")) {
      throw invalid("missing query parameter encoding");
    }
    if (!query.contains("message")) {
      throw invalid("missing query parameter message");
    }
  }

  @Override
  public @Nullable Duration timeout(RequestHeaders headers) throws StatusException {
    return ConnectHeaders.timeout(headers);
  }

  @Override
  public @Nullable String messageEncoding(RequestHeaders headers) {
    return query == null ? headers.get(HttpHeaderNames.CONTENT_ENCODING) : query.get("compression");
  }

  @Override
  public @Nullable String acceptedEncodings(RequestHeaders headers) {
    return headers.get(HttpHeaderNames.ACCEPT_ENCODING);
  }

  @Override
  public void checkEnvelope(Envelope envelope) {
    // There is none on the wire.
  }

  @Override
  public MessageReader reader(int maxMessageBytes, Compression encoding) {
    return new WholeBodyReader(maxMessageBytes, encoding);
  }

  @Override
  public ResponseWriter writer(ResponseOptions options) {
    return new ConnectUnaryWriter(options);
  }

  private static StatusException invalid(String description) {
    return Status.INVALID_ARGUMENT.withDescription(description).asException();
  }
}
