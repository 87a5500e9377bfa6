package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.StatusException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * gRPC-Web: gRPC for browsers, which cannot read HTTP trailers, so the outcome is a last envelope.
 *
 * @param text whether the bodies are base64, for browsers that cannot read binary streams
 */
record GrpcWebFormat(boolean text) implements WireFormat {
  @Override
  public String protocol() {
    return text ? "grpc-web-text" : "grpc-web";
  }

  @Override
  public void checkRequest(RequestHeaders headers) {
    // The content type has said it all.
  }

  @Override
  public @Nullable Duration timeout(RequestHeaders headers) throws StatusException {
    return GrpcHeaders.timeout(headers);
  }

  @Override
  public @Nullable String messageEncoding(RequestHeaders headers) {
    return headers.get(GrpcHeaders.ENCODING);
  }

  @Override
  public @Nullable String acceptedEncodings(RequestHeaders headers) {
    return headers.get(GrpcHeaders.ACCEPT_ENCODING);
  }

  @Override
  public void checkEnvelope(Envelope envelope) throws StatusException {
    GrpcHeaders.checkEnvelope(envelope);
  }

  @Override
  public MessageReader reader(int maxMessageBytes, Compression encoding) {
    EnvelopeReader frames = new EnvelopeReader(maxMessageBytes);
    return text ? new Base64Reader(frames) : frames;
  }

  @Override
  public ResponseWriter writer(ResponseOptions options) {
    return new GrpcWebWriter(options, text);
  }
}
