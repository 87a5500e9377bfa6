package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Writes a Connect unary response: everything is known before the first byte goes out. */
final class ConnectUnaryWriter implements ResponseWriter {
  private static final String ERROR_CONTENT_TYPE = "application/json";

  private final WireFormat.ResponseOptions options;
  private final CompletableFuture<HttpResponse> future = new CompletableFuture<>();
  private final HttpResponse response = HttpResponse.of(future);
  private @Nullable Metadata headers;
  private @Nullable Envelope message;

  ConnectUnaryWriter(WireFormat.ResponseOptions options) {
    this.options = options;
  }

  @Override
  public HttpResponse response() {
    return response;
  }

  @Override
  public synchronized void headers(Metadata headers) {
    this.headers = headers;
  }

  @Override
  public synchronized void message(Envelope message) {
    this.message = message;
  }

  @Override
  public synchronized void close(Status status, Metadata trailers) {
    if (future.isDone()) {
      return;
    }
    Envelope body = message;
    Status outcome = status;
    if (status.isOk() && body == null) {
      outcome = Status.INTERNAL.withDescription("the handler returned no message");
    }
    if (!outcome.isOk() || body == null) {
      body = options.encoding().pack(options.errors().error(outcome, trailers));
    }
    String contentType = outcome.isOk() ? options.contentType() : ERROR_CONTENT_TYPE;
    ResponseHeadersBuilder head =
        ResponseHeaders.builder(HttpStatus.valueOf(ConnectCode.httpStatus(outcome.getCode())))
            .set(HttpHeaderNames.CONTENT_TYPE, contentType)
            .set(HttpHeaderNames.ACCEPT_ENCODING, Compression.ADVERTISED);
    if (body.isCompressed()) {
      head.set(HttpHeaderNames.CONTENT_ENCODING, options.encoding().token());
    }
    MetadataHeaders.forEach(headers, head::add);
    MetadataHeaders.forEach(trailers, (name, value) -> head.add("trailer-" + name, value));
    head.contentLength(body.payload().length);
    future.complete(HttpResponse.of(head.build(), HttpData.wrap(body.payload())));
  }

  @Override
  public boolean isReady() {
    return true; // there is one message, and it is kept anyway
  }

  @Override
  public void onReady(Runnable listener) {
    // Never unready.
  }
}
