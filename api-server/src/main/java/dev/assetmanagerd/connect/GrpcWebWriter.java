package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Writes a gRPC-Web response: the outcome in a last envelope of header lines. */
final class GrpcWebWriter extends StreamWriter {
  private final boolean text;

  GrpcWebWriter(WireFormat.ResponseOptions options, boolean text) {
    super(options);
    this.text = text;
  }

  @Override
  void describeEncodings(ResponseHeadersBuilder headers, Compression encoding) {
    GrpcHeaders.describeEncodings(headers, encoding);
  }

  @Override
  HttpData encode(Envelope envelope) {
    return text
        ? HttpData.wrap(Base64.getEncoder().encode(envelope.toBytes()))
        : envelope.toHttpData();
  }

  @Override
  void finish(Status status, Metadata trailers) {
    if (!status.isOk() && isUntouched()) {
      ResponseHeadersBuilder only = newHeaders();
      GrpcTrailers.forEach(status, trailers, only::add);
      send(only.build());
      return;
    }
    sendHeaders();
    StringBuilder lines = new StringBuilder();
    GrpcTrailers.forEach(
        status,
        trailers,
        (name, value) -> lines.append(name).append(": ").append(value).append("\r\n"));
    byte[] block = lines.toString().getBytes(StandardCharsets.US_ASCII);
    send(encode(options().encoding().pack(block).withFlag(Envelope.WEB_TRAILERS)));
  }
}
