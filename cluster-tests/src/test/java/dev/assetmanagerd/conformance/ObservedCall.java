package dev.assetmanagerd.conformance;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.assetmanagerd.conformance.v1.ConformancePayload.ConnectGetInfo;
import dev.assetmanagerd.conformance.v1.ConformancePayload.RequestInfo;
import dev.assetmanagerd.conformance.v1.Header;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What came with a call beside its messages, and what is to go back beside them. */
final class ObservedCall {
  private static final Context.Key<ObservedCall> KEY = Context.key("observed-call");

  private final RequestInfo.Builder seen = RequestInfo.newBuilder();
  private final Metadata responseHeaders = new Metadata();
  private final Metadata responseTrailers = new Metadata();

  private ObservedCall() {}

  /** The call that the current thread handles. */
  static ObservedCall current() {
    return KEY.get();
  }

  void answerWith(List<Header> headers, List<Header> trailers) {
    put(responseHeaders, headers);
    put(responseTrailers, trailers);
  }

  RequestInfo info(List<? extends Message> requests) {
    RequestInfo.Builder info = seen.clone();
    requests.forEach(request -> info.addRequests(Any.pack(request)));
    return info.build();
  }

  private static void put(Metadata metadata, List<Header> headers) {
    for (Header header : headers) {
      for (String value : header.getValueList()) {
        if (header.getName().endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
          metadata.put(
              Metadata.Key.of(header.getName(), Metadata.BINARY_BYTE_MARSHALLER),
              Base64.getDecoder().decode(value));
        } else {
          metadata.put(Metadata.Key.of(header.getName(), Metadata.ASCII_STRING_MARSHALLER), value);
        }
      }
    }
  }

  private static void forEachHeader(Metadata metadata, Consumer<Header> out) {
    for (String name : metadata.keys()) {
      Header.Builder header = Header.newBuilder().setName(name);
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        Metadata.Key<byte[]> key = Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
        Iterable<byte[]> values = metadata.getAll(key);
        for (byte[] value : values == null ? List.<byte[]>of() : values) {
          header.addValue(Base64.getEncoder().withoutPadding().encodeToString(value));
        }
      } else {
        Metadata.Key<String> key = Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
        Iterable<String> values = metadata.getAll(key);
        header.addAllValue(values == null ? List.of() : values);
      }
      out.accept(header.build());
    }
  }

  /** Puts an {@link ObservedCall} into the context of every call. */
  static final class Interceptor implements ServerInterceptor {
    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      ObservedCall observed = new ObservedCall();
      forEachHeader(headers, observed.seen::addRequestHeaders);
      Deadline deadline = Context.current().getDeadline();
      if (deadline != null) {
        observed.seen.setTimeoutMs(deadline.timeRemaining(TimeUnit.MILLISECONDS));
      }
      ServiceRequestContext http = ServiceRequestContext.current();
      if (http.method() == HttpMethod.GET) {
        observed.seen.setConnectGetInfo(getInfo(http.queryParams()));
      }
      return Contexts.interceptCall(
          Context.current().withValue(KEY, observed), answering(call, observed), headers, next);
    }

    private static ConnectGetInfo getInfo(QueryParams query) {
      ConnectGetInfo.Builder info = ConnectGetInfo.newBuilder();
      query
          .names()
          .forEach(
              name ->
                  info.addQueryParams(
                      Header.newBuilder().setName(name).addAllValue(query.getAll(name))));
      return info.build();
    }

    private static <Q, S> ServerCall<Q, S> answering(ServerCall<Q, S> call, ObservedCall observed) {
      return new SimpleForwardingServerCall<>(call) {
        private boolean headersSent;

        @Override
        public void sendHeaders(Metadata headers) {
          headersSent = true;
          headers.merge(observed.responseHeaders);
          super.sendHeaders(headers);
        }

        @Override
        public void close(Status status, Metadata trailers) {
          if (!headersSent && !observed.responseHeaders.keys().isEmpty()) {
            sendHeaders(new Metadata());
          }
          trailers.merge(observed.responseTrailers);
          super.close(status, trailers);
        }
      };
    }
  }
}
