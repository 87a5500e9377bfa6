package dev.assetmanagerd.clustertests.builderd;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Hands the Idempotency-Key of a request to what serves it. */
final class RequestKeys implements ServerInterceptor {
  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> KEY = Context.keyWithDefault("request-key", "");

  /** Of the call that the current thread serves; empty where it has none. */
  static String current() {
    return KEY.get();
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    String key = headers.get(HEADER);
    Context context = Context.current().withValue(KEY, key == null ? "" : key);
    return Contexts.interceptCall(context, call, headers, next);
  }
}
