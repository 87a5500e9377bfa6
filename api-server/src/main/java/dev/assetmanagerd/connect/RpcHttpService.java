package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.ExchangeType;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.RoutingContext;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Serves grpc-java services to Connect, gRPC and gRPC-Web clients, over HTTP/1.1 and HTTP/2, on
 * every path of {@link #paths()}. The content type of a request says which protocol it speaks.
 *
 * <p>Handlers run on the server's blocking executor, each call's callbacks one after another,
 * within an {@link io.grpc.Context} that has the caller's deadline and is cancelled when the call
 * ends. A request body is read only as fast as its handler asks for messages.
 *
 * <p>Thread-safe.
 */
public final class RpcHttpService implements HttpService {
  /**
   * The protocol of a call, in its attributes: {@code connect}, {@code connect-get}, {@code grpc},
   * {@code grpc-web} or {@code grpc-web-text}.
   */
  public static final Attributes.Key<String> PROTOCOL =
      Attributes.Key.create("dev.assetmanagerd.connect.protocol");

  private final Map<String, RpcMethod> methods;
  private final CallStarter starter;
  private final JsonCodec json;
  private final ErrorJson errors;
  private final Set<RpcServerCall> openStreams = ConcurrentHashMap.newKeySet();

  RpcHttpService(
      Map<String, RpcMethod> methods, CallStarter starter, JsonCodec json, ErrorJson errors) {
    this.methods = methods;
    this.starter = starter;
    this.json = json;
    this.errors = errors;
  }

  /** Starts the description of a service. */
  public static RpcHttpServiceBuilder builder() {
    return new RpcHttpServiceBuilder();
  }

  /** The path of every method, such as {@code /asset.v1.AssetManagerService/GetAsset}. */
  public Set<String> paths() {
    return methods.keySet();
  }

  /**
   * Ends every call that streams its response, with {@code unavailable}. Such calls may have no
   * natural end, a watch of the server's health for one, and would hold up a stop. Calls with one
   * response are left to finish.
   */
  public void endResponseStreams() {
    openStreams.forEach(
        call -> call.fail(Status.UNAVAILABLE.withDescription("the server is stopping")));
  }

  /**
   * Requests are always streamed: limits are per message, and their errors are those of the
   * protocol. A single response is sent in one piece, not headers first, so that a caller whose own
   * deadline passes at that moment has all of it or nothing.
   */
  @Override
  public ExchangeType exchangeType(RoutingContext routingContext) {
    RpcMethod method = methods.get(routingContext.path());
    return method == null || method.responseStreaming()
        ? ExchangeType.BIDI_STREAMING
        : ExchangeType.REQUEST_STREAMING;
  }

  /** Answers one request. Errors of the call are part of the response, never thrown. */
  @Override
  public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) {
    RpcMethod method = methods.get(ctx.path());
    if (method == null) {
      return unknownMethod(ctx, request);
    }
    boolean get = request.method() == HttpMethod.GET;
    if (request.method() != HttpMethod.POST && !(get && method.allowsGet())) {
      return wrongVerb(method);
    }
    RequestForm form =
        get
            ? RequestForm.ofGet(ctx.queryParams(), json)
            : RequestForm.ofPost(method, request.headers(), json);
    if (form == null) {
      return wrongContentType(method, request);
    }
    ctx.logBuilder().name(method.schema().getService().getFullName(), method.schema().getName());
    return starter.start(method, form, ctx, request, this::track);
  }

  private void track(RpcServerCall call, HttpResponse response) {
    if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
      return;
    }
    openStreams.add(call);
    CompletableFuture<Void> unused =
        response.whenComplete().whenComplete((done, cause) -> openStreams.remove(call));
  }

  private HttpResponse unknownMethod(ServiceRequestContext ctx, HttpRequest request) {
    Status status = Status.UNIMPLEMENTED.withDescription("no such method: " + ctx.path());
    if (!RequestForm.isGrpc(request.headers())) {
      return connectError(ResponseHeaders.builder(HttpStatus.NOT_FOUND), status);
    }
    String contentType = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "application/grpc");
    ResponseHeadersBuilder only =
        ResponseHeaders.builder(HttpStatus.OK).set(HttpHeaderNames.CONTENT_TYPE, contentType);
    GrpcTrailers.forEach(status, new Metadata(), only::add);
    return HttpResponse.of(only.endOfStream(true).build());
  }

  private static HttpResponse wrongVerb(RpcMethod method) {
    String allowed = method.allowsGet() ? "GET, POST" : "POST";
    return notACall(
        ResponseHeaders.builder(HttpStatus.METHOD_NOT_ALLOWED).set(HttpHeaderNames.ALLOW, allowed),
        method.path() + " is called by " + allowed);
  }

  private static HttpResponse wrongContentType(RpcMethod method, HttpRequest request) {
    String given = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "(none)");
    return notACall(
        ResponseHeaders.builder(HttpStatus.UNSUPPORTED_MEDIA_TYPE)
            .set("accept-post", method.acceptPost()),
        "content type %s is not one of: %s".formatted(given, method.acceptPost()));
  }

  /**
   * Answers what is no call in any of the protocols. They leave the body to us and have clients go
   * by the HTTP status, so it is a sentence for a person.
   */
  private static HttpResponse notACall(ResponseHeadersBuilder head, String why) {
    HttpData body = HttpData.ofUtf8(why + "\n");
    head.contentType(MediaType.PLAIN_TEXT_UTF_8).contentLength(body.length());
    return HttpResponse.of(head.build(), body);
  }

  private HttpResponse connectError(ResponseHeadersBuilder head, Status status) {
    byte[] body = errors.error(status, new Metadata());
    head.contentType(MediaType.JSON).contentLength(body.length);
    return HttpResponse.of(head.build(), HttpData.wrap(body));
  }
}
