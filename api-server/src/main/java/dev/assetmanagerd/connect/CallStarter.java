package dev.assetmanagerd.connect;

import com.google.common.util.concurrent.MoreExecutors;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.stream.SubscriptionOption;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** Turns a request whose method and protocol are known into a running call. */
final class CallStarter {
  /**
   * What bounds a call.
   *
   * @param maxMessageBytes of one message that is alone, compressed or not
   * @param maxStreamedMessageBytes of one message of a stream
   * @param streamIdleTimeout how long a client may stay silent within its request; zero is for ever
   * @param maxTimeout the longest life of a call; null leaves it to the caller
   */
  record Limits(
      int maxMessageBytes,
      int maxStreamedMessageBytes,
      Duration streamIdleTimeout,
      @Nullable Duration maxTimeout) {
    int messageBytes(RpcMethod method) {
      return method.requestStreaming() ? maxStreamedMessageBytes : maxMessageBytes;
    }
  }

  private record Agreement(@Nullable Duration timeout, Compression request, Compression response) {}

  private final Limits limits;
  private final MemoryBudget budget;
  private final ErrorJson errors;

  CallStarter(Limits limits, MemoryBudget budget, ErrorJson errors) {
    this.budget = budget;
    this.limits = limits;
    this.errors = errors;
  }

  HttpResponse start(
      RpcMethod method,
      RequestForm form,
      ServiceRequestContext ctx,
      HttpRequest request,
      BiConsumer<RpcServerCall, HttpResponse> started) {
    // The call's own deadline and limits take their place.
    ctx.clearRequestTimeout();
    ctx.setMaxRequestLength(0);
    Agreement agreement;
    byte @Nullable [] queryMessage;
    try {
      agreement = agree(form.format(), request.headers());
      queryMessage = queryMessage(form.format());
    } catch (StatusException refused) {
      ResponseWriter writer = writer(method, form, Compression.IDENTITY);
      writer.close(refused.getStatus(), new Metadata());
      request.abort();
      return writer.response();
    }
    ResponseWriter writer = writer(method, form, agreement.response());
    RpcServerCall call =
        new RpcServerCall(
            new CallParts(
                method,
                form.codec(),
                writer,
                MoreExecutors.newSequentialExecutor(ctx.blockingTaskExecutor()),
                context(agreement.timeout(), ctx.eventLoop().withoutContext()),
                attributes(ctx, form.format()),
                request.authority(),
                agreement.request(),
                agreement.response(),
                limits.messageBytes(method),
                budget));
    EventLoop loop = ctx.eventLoop().withoutContext();
    RequestReader reader = reader(method, form.format(), agreement.request(), loop, call);
    call.start(MetadataHeaders.read(request.headers()), reader);
    started.accept(call, writer.response());
    if (queryMessage == null) {
      request.subscribe(reader, loop, SubscriptionOption.WITH_POOLED_OBJECTS);
    } else {
      reader.readAll(queryMessage);
    }
    return writer.response();
  }

  private static Agreement agree(WireFormat format, RequestHeaders headers) throws StatusException {
    format.checkRequest(headers);
    Compression request = Compression.ofRequest(format.messageEncoding(headers));
    Compression response = Compression.ofResponse(format.acceptedEncodings(headers), request);
    return new Agreement(format.timeout(headers), request, response);
  }

  private ResponseWriter writer(RpcMethod method, RequestForm form, Compression encoding) {
    return form.format()
        .writer(
            new WireFormat.ResponseOptions(
                form.contentType(), encoding, method.responseStreaming(), errors));
  }

  private RequestReader reader(
      RpcMethod method,
      WireFormat format,
      Compression encoding,
      EventLoop loop,
      RequestReader.Sink sink) {
    // When both sides stream, silence is part of the conversation.
    boolean conversation = method.requestStreaming() && method.responseStreaming();
    return new RequestReader(
        loop,
        format,
        format.reader(limits.messageBytes(method), encoding),
        method.requestStreaming(),
        conversation ? Duration.ZERO : limits.streamIdleTimeout(),
        budget,
        sink);
  }

  private Context.CancellableContext context(@Nullable Duration asked, EventLoop loop) {
    Duration most = limits.maxTimeout();
    Duration timeout = asked;
    if (most != null && (asked == null || asked.compareTo(most) > 0)) {
      timeout = most;
    }
    return timeout == null
        ? Context.ROOT.withCancellation()
        : Context.ROOT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS, loop);
  }

  private static Attributes attributes(ServiceRequestContext ctx, WireFormat format) {
    Attributes.Builder attributes =
        Attributes.newBuilder()
            .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, ctx.remoteAddress())
            .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, ctx.localAddress())
            .set(RpcHttpService.PROTOCOL, format.protocol());
    SSLSession tls = ctx.sslSession();
    if (tls != null) {
      attributes.set(Grpc.TRANSPORT_ATTR_SSL_SESSION, tls);
    }
    return attributes.build();
  }

  /** The message of a Connect GET; null if the message is in the body. */
  private static byte @Nullable [] queryMessage(WireFormat format) throws StatusException {
    if (!(format instanceof ConnectUnaryFormat connect) || connect.query() == null) {
      return null;
    }
    QueryParams query = connect.query();
    String message = query.get("message", "");
    if (!"1".equals(query.get("base64"))) {
      return message.getBytes(StandardCharsets.UTF_8);
    }
    try {
      // URL-safe by the protocol, but what other clients send is as unambiguous.
      return Base64.getUrlDecoder().decode(message.replace('+', '-').replace('/', '_'));
    } catch (IllegalArgumentException malformed) {
      throw Status.INVALID_ARGUMENT
          .withDescription("query parameter message is not base64: " + malformed.getMessage())
          .asException();
    }
  }
}
