package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpHeaders;
import com.linecorp.armeria.common.HttpHeadersBuilder;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import io.grpc.Metadata;
import io.grpc.Status;

/** Writes a gRPC response: the outcome in HTTP trailers. */
final class GrpcWriter extends StreamWriter {
  GrpcWriter(WireFormat.ResponseOptions options) {
    super(options);
  }

  @Override
  void describeEncodings(ResponseHeadersBuilder headers, Compression encoding) {
    GrpcHeaders.describeEncodings(headers, encoding);
  }

  @Override
  void finish(Status status, Metadata trailers) {
    if (!status.isOk() && isUntouched()) {
      ResponseHeadersBuilder only = newHeaders();
      GrpcTrailers.forEach(status, trailers, only::add);
      // grpc-go demands that this very frame ends the stream.
      send(only.endOfStream(true).build());
      return;
    }
    sendHeaders();
    HttpHeadersBuilder last = HttpHeaders.builder();
    GrpcTrailers.forEach(status, trailers, last::add);
    send(last.build());
  }
}
