package dev.assetmanagerd.connect;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.InternalServer;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * gRPC server reflection, by which tools learn the services without their .proto files.
 *
 * <p>grpc-java's reflection asks the {@link Server} it runs in for the list of services. Here there
 * is no such server, so each call is given one that only knows that list.
 */
final class Reflection {
  private Reflection() {}

  /**
   * Both versions of the reflection service, v1 and v1alpha, the latter for older tools.
   *
   * @param services what to show; the reflection services show themselves too
   */
  // v1alpha is deprecated in favour of v1, and still the only one some tools know.
  @SuppressWarnings("deprecation")
  static List<ServerServiceDefinition> of(List<ServerServiceDefinition> services) {
    Catalogue catalogue = new Catalogue();
    ServerInterceptor inCatalogue = new InCatalogue(catalogue);
    List<ServerServiceDefinition> reflection =
        List.of(
            ServerInterceptors.intercept(ProtoReflectionServiceV1.newInstance(), inCatalogue),
            ServerInterceptors.intercept(
                io.grpc.protobuf.services.ProtoReflectionService.newInstance(), inCatalogue));
    catalogue.services.addAll(services);
    catalogue.services.addAll(reflection);
    return reflection;
  }

  private record InCatalogue(Server catalogue) implements ServerInterceptor {
    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      Context context = Context.current().withValue(InternalServer.SERVER_CONTEXT_KEY, catalogue);
      return Contexts.interceptCall(context, call, headers, next);
    }
  }

  /** A server in name only. Filled before it is shared. */
  private static final class Catalogue extends Server {
    private final List<ServerServiceDefinition> services = new ArrayList<>();

    @Override
    public List<ServerServiceDefinition> getServices() {
      return List.copyOf(services);
    }

    @Override
    public List<ServerServiceDefinition> getImmutableServices() {
      return getServices();
    }

    @Override
    public Server start() {
      throw new UnsupportedOperationException("a catalogue is not started");
    }

    @Override
    public Server shutdown() {
      return this;
    }

    @Override
    public Server shutdownNow() {
      return this;
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return false;
    }

    @Override
    public void awaitTermination() {
      throw new UnsupportedOperationException("a catalogue never terminates");
    }
  }
}
