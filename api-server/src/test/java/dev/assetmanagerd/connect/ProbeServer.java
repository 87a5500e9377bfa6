package dev.assetmanagerd.connect;

import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import dev.assetmanagerd.connect.testing.v1.Probe;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * A real server on a port of its own with the {@link ProbeService} behind it. Every call is
 * answered with the header {@code x-answer} and the trailer {@code x-last}, both what the request's
 * {@code x-ask} says, and the header {@code x-peer}, the caller's address and protocol.
 */
final class ProbeServer implements AutoCloseable {
  static final String SERVICE = "/connect.test.v1.ProbeService/";
  static final int MAX_MESSAGE_BYTES = 256 * 1024;

  private static final Metadata.Key<String> ASK = ascii("x-ask");
  private static final Metadata.Key<String> ANSWER = ascii("x-answer");
  private static final Metadata.Key<String> PEER = ascii("x-peer");
  private static final Metadata.Key<String> LAST = ascii("x-last");

  final ProbeService service = new ProbeService();
  final RpcServer rpc;
  private final Server server;

  private ProbeServer(UnaryOperator<RpcServer.Builder> options) {
    rpc =
        options
            .apply(
                RpcServer.builder()
                    .addService(
                        ServerInterceptors.intercept(service.bindService(), new Answering()))
                    .maxMessageBytes(MAX_MESSAGE_BYTES)
                    .jsonTypes(Probe.getDescriptor()))
            .build();
    ServerBuilder builder = Server.builder().http(0).gracefulShutdownTimeoutMillis(100, 20_000);
    rpc.bindTo(builder);
    server = builder.build();
    server.start().join();
  }

  static ProbeServer start() {
    return start(options -> options);
  }

  static ProbeServer start(UnaryOperator<RpcServer.Builder> options) {
    return new ProbeServer(options);
  }

  int port() {
    return server.activeLocalPort();
  }

  URI uri(String method) {
    return URI.create("http://127.0.0.1:" + port() + SERVICE + method);
  }

  ManagedChannel channel() {
    return NettyChannelBuilder.forAddress("127.0.0.1", port()).usePlaintext().build();
  }

  CompletableFuture<Void> stop() {
    return server.stop();
  }

  /** Stops in the background: no test needs to see the last thread go. */
  @Override
  public void close() {
    var unused = server.closeAsync();
  }

  private static Metadata.Key<String> ascii(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static final class Answering implements ServerInterceptor {
    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      String asked = headers.get(ASK);
      String peer =
          call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)
              + " "
              + call.getAttributes().get(RpcHttpService.PROTOCOL);
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendHeaders(Metadata responseHeaders) {
              responseHeaders.put(PEER, peer);
              if (asked != null) {
                responseHeaders.put(ANSWER, asked);
              }
              super.sendHeaders(responseHeaders);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              if (asked != null) {
                trailers.put(LAST, asked);
              }
              super.close(status, trailers);
            }
          },
          headers);
    }
  }
}
