package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.RequestHeaders;
import io.grpc.StatusException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** gRPC: enveloped messages, the outcome in HTTP trailers. */
record GrpcFormat() implements WireFormat {
  @Override
  public String protocol() {
    return "grpc";
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
    return new EnvelopeReader(maxMessageBytes);
  }

  @Override
  public ResponseWriter writer(ResponseOptions options) {
    return new GrpcWriter(options);
  }
}
