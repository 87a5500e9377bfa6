package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpObject;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes a response made of envelopes. The subclasses say what the headers are called and how the
 * outcome is written.
 */
abstract sealed class StreamWriter implements ResponseWriter
    permits ConnectStreamWriter, GrpcWriter, GrpcWebWriter {

  /** A handler that heeds readiness leaves no more than this and one message in memory. */
  private static final int READY_BELOW_BYTES = 64 * 1024;

  private final WireFormat.ResponseOptions options;
  private final HttpResponseWriter response = HttpResponse.streaming();
  private Runnable readyListener = () -> {};
  private @Nullable Metadata headers;
  private boolean headersSent;
  private boolean closed;
  private int bytesInFlight;

  StreamWriter(WireFormat.ResponseOptions options) {
    this.options = options;
  }

  /** Names the encodings in the protocol's own headers. */
  abstract void describeEncodings(ResponseHeadersBuilder headers, Compression encoding);

  /** Writes the outcome; the headers may or may not have been sent. */
  abstract void finish(Status status, Metadata trailers);

  /** Puts an envelope into the body. */
  HttpData encode(Envelope envelope) {
    return envelope.toHttpData();
  }

  final WireFormat.ResponseOptions options() {
    return options;
  }

  /** Whether nothing has been sent nor asked to be sent, so that the outcome may stand alone. */
  final boolean isUntouched() {
    return !headersSent && MetadataHeaders.isEmpty(headers);
  }

  @Override
  public final HttpResponse response() {
    return response;
  }

  @Override
  public final synchronized void headers(Metadata headers) {
    this.headers = headers;
    if (options.streaming() && !closed) {
      sendHeaders();
    }
  }

  @Override
  public final synchronized void message(Envelope message) {
    if (closed) {
      return;
    }
    sendHeaders();
    HttpData data = encode(message);
    int bytes = data.length();
    if (!response.tryWrite(data)) {
      closed = true;
    } else if (options.streaming()) {
      bytesInFlight += bytes;
      CompletableFuture<Void> unused = response.whenConsumed().thenRun(() -> consumed(bytes));
    }
  }

  private void consumed(int bytes) {
    Runnable listener;
    synchronized (this) {
      boolean wasReady = isReady();
      bytesInFlight -= bytes;
      if (wasReady || !isReady()) {
        return;
      }
      listener = readyListener;
    }
    listener.run();
  }

  @Override
  public final synchronized void close(Status status, Metadata trailers) {
    if (closed) {
      return;
    }
    closed = true;
    finish(status, trailers);
    response.close();
  }

  @Override
  public final synchronized boolean isReady() {
    return !closed && bytesInFlight < READY_BELOW_BYTES;
  }

  @Override
  public final synchronized void onReady(Runnable listener) {
    readyListener = listener;
  }

  final void sendHeaders() {
    if (headersSent) {
      return;
    }
    ResponseHeadersBuilder head = newHeaders();
    describeEncodings(head, options.encoding());
    MetadataHeaders.forEach(headers, head::add);
    send(head.build());
  }

  final ResponseHeadersBuilder newHeaders() {
    headersSent = true;
    return ResponseHeaders.builder(HttpStatus.OK)
        .set(HttpHeaderNames.CONTENT_TYPE, options.contentType());
  }

  /** Writes a part of the response; nothing happens if the caller has gone. */
  final void send(HttpObject part) {
    if (!response.tryWrite(part)) {
      closed = true;
    }
  }
}
