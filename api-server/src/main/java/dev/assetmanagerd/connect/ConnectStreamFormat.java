package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.Status;
import io.grpc.StatusException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Connect's streaming calls: enveloped messages, and an end-of-stream message with the outcome. */
record ConnectStreamFormat() implements WireFormat {
  @Override
  public String protocol() {
    return "connect";
  }

  @Override
  public void checkRequest(RequestHeaders headers) throws StatusException {
    ConnectHeaders.checkVersion(headers);
  }

  @Override
  public @Nullable Duration timeout(RequestHeaders headers) throws StatusException {
    return ConnectHeaders.timeout(headers);
  }

  @Override
  public @Nullable String messageEncoding(RequestHeaders headers) {
    return headers.get(ConnectHeaders.CONTENT_ENCODING);
  }

  @Override
  public @Nullable String acceptedEncodings(RequestHeaders headers) {
    return headers.get(ConnectHeaders.ACCEPT_ENCODING);
  }

  @Override
  public void checkEnvelope(Envelope envelope) throws StatusException {
    if ((envelope.flags() & Envelope.CONNECT_END) != 0) {
      throw Status.INVALID_ARGUMENT
          .withDescription("protocol error: only the server ends a stream with a message")
          .asException();
    }
  }

  @Override
  public MessageReader reader(int maxMessageBytes, Compression encoding) {
    return new EnvelopeReader(maxMessageBytes);
  }

  @Override
  public ResponseWriter writer(ResponseOptions options) {
    return new ConnectStreamWriter(options);
  }
}
