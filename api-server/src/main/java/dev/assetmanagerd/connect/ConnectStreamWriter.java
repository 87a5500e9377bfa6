package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.ResponseHeadersBuilder;
import io.grpc.Metadata;
import io.grpc.Status;

/** Writes a Connect stream: always HTTP 200, the outcome in the end-of-stream message. */
final class ConnectStreamWriter extends StreamWriter {
  ConnectStreamWriter(WireFormat.ResponseOptions options) {
    super(options);
  }

  @Override
  void describeEncodings(ResponseHeadersBuilder headers, Compression encoding) {
    headers.set(ConnectHeaders.ACCEPT_ENCODING, Compression.ADVERTISED);
    if (encoding != Compression.IDENTITY) {
      headers.set(ConnectHeaders.CONTENT_ENCODING, encoding.token());
    }
  }

  @Override
  void finish(Status status, Metadata trailers) {
    sendHeaders();
    byte[] end = options().errors().endOfStream(status, trailers);
    send(encode(options().encoding().pack(end).withFlag(Envelope.CONNECT_END)));
  }
}
