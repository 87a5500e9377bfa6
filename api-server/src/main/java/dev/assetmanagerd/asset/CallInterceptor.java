package dev.assetmanagerd.asset;

import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;

/**
 * Reads the request headers that the services know into a {@link CallScope}, notes there what a
 * unary call asks for, and writes what the scope has to say into the response headers. A header
 * that is malformed ends the call.
 */
final class CallInterceptor implements ServerInterceptor {
  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    CallScope scope;
    try {
      scope = scope(call, headers);
    } catch (StatusRuntimeException e) {
      Metadata trailers = e.getTrailers();
      call.close(e.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    ServerCall.Listener<Q> listener =
        Contexts.interceptCall(
            scope.attachTo(Context.current()), new AnsweringCall<>(call, scope), headers, next);
    return call.getMethodDescriptor().getType() == MethodType.UNARY
        ? new NotingListener<>(listener, scope)
        : listener;
  }

  private static CallScope scope(ServerCall<?, ?> call, Metadata headers) {
    return new CallScope(
        CallHeaders.of(headers),
        methodOf(call.getMethodDescriptor()),
        call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
  }

  /** Without the package: a service that has two names is one service. */
  private static String methodOf(MethodDescriptor<?, ?> method) {
    String full = method.getFullMethodName();
    int packageEnd = full.lastIndexOf('.', full.indexOf('/'));
    return full.substring(packageEnd + 1);
  }

  /** Tells the scope what is asked for, so that the same key with another request is noticed. */
  private static final class NotingListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final CallScope scope;

    NotingListener(ServerCall.Listener<Q> listener, CallScope scope) {
      super(listener);
      this.scope = scope;
    }

    @Override
    public void onMessage(Q message) {
      scope.asksFor((Message) message);
      super.onMessage(message);
    }
  }

  /** Adds what the scope knows as soon as the response starts. */
  private static final class AnsweringCall<Q, S> extends SimpleForwardingServerCall<Q, S> {
    private final CallScope scope;

    AnsweringCall(ServerCall<Q, S> call, CallScope scope) {
      super(call);
      this.scope = scope;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      scope.addTo(headers);
      super.sendHeaders(headers);
    }
  }
}
