package dev.assetmanagerd.connect;

import com.google.protobuf.Descriptors;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerListener;
import com.linecorp.armeria.server.cors.CorsService;
import com.linecorp.armeria.server.cors.CorsServiceBuilder;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.services.HealthStatusManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The RPC side of a server: the services, gRPC reflection and gRPC health, ready to be bound to an
 * Armeria server.
 *
 * <p>{@link #health()} starts with the overall service as {@code SERVING}; its caller keeps it
 * true.
 *
 * <p>Thread-safe.
 */
public final class RpcServer {
  private static final Duration CORS_MAX_AGE = Duration.ofHours(2);

  private final RpcHttpService httpService;
  private final HealthStatusManager health;
  private final Set<String> serviceNames;
  private final CorsServiceBuilder cors;

  private RpcServer(Builder builder, HealthStatusManager health, RpcHttpService httpService) {
    this.httpService = httpService;
    this.health = health;
    this.serviceNames =
        httpService.paths().stream()
            .map(path -> path.substring(0, path.lastIndexOf('/') + 1))
            .collect(Collectors.toUnmodifiableSet());
    this.cors = builder.cors();
  }

  /** Starts the description of the RPC side of a server. */
  public static Builder builder() {
    return new Builder();
  }

  /** The health that gRPC clients are told, by service name; the empty name is the whole server. */
  public HealthStatusManager health() {
    return health;
  }

  /** What serves the calls. */
  public RpcHttpService httpService() {
    return httpService;
  }

  /**
   * Registers every method with a server that is about to be built. An unknown method of a known
   * service is answered in the protocol of its caller. When the server begins to stop, endless
   * response streams are ended; all other calls are left to finish.
   */
  public void bindTo(ServerBuilder server) {
    HttpService guarded = httpService.decorate(cors.newDecorator());
    // An announced length is held against Armeria's limit before the service is asked; what bounds
    // a request here is the size of its messages.
    httpService
        .paths()
        .forEach(path -> server.route().path(path).maxRequestLength(0).build(guarded));
    serviceNames.forEach(prefix -> server.service("prefix:" + prefix, guarded));
    server.serverListener(
        ServerListener.builder()
            .whenStopping((Server stopping) -> httpService.endResponseStreams())
            .build());
  }

  /** Describes an {@link RpcServer}. Not thread-safe. */
  public static final class Builder {
    private final List<ServerServiceDefinition> services = new ArrayList<>();
    private final RpcHttpServiceBuilder http = RpcHttpService.builder();
    private final List<String> origins = new ArrayList<>();
    private final List<String> exposedHeaders = new ArrayList<>();

    private Builder() {}

    /** Adds a service; see {@link RpcHttpServiceBuilder#addService}. */
    public Builder addService(ServerServiceDefinition service) {
      services.add(service);
      return this;
    }

    /** Adds several services. */
    public Builder addServices(Iterable<ServerServiceDefinition> services) {
      services.forEach(this::addService);
      return this;
    }

    /** See {@link RpcHttpServiceBuilder#maxMessageBytes}. */
    public Builder maxMessageBytes(int maxMessageBytes) {
      http.maxMessageBytes(maxMessageBytes);
      return this;
    }

    /** See {@link RpcHttpServiceBuilder#maxStreamedMessageBytes}. */
    public Builder maxStreamedMessageBytes(int maxStreamedMessageBytes) {
      http.maxStreamedMessageBytes(maxStreamedMessageBytes);
      return this;
    }

    /** See {@link RpcHttpServiceBuilder#maxTotalBytes}. */
    public Builder maxTotalBytes(long maxTotalBytes) {
      http.maxTotalBytes(maxTotalBytes);
      return this;
    }

    /** See {@link RpcHttpServiceBuilder#jsonTypes}. */
    public Builder jsonTypes(Descriptors.Descriptor... types) {
      http.jsonTypes(types);
      return this;
    }

    /** See {@link RpcHttpServiceBuilder#streamIdleTimeout}. */
    public Builder streamIdleTimeout(Duration streamIdleTimeout) {
      http.streamIdleTimeout(streamIdleTimeout);
      return this;
    }

    /** See {@link RpcHttpServiceBuilder#maxTimeout}. */
    public Builder maxTimeout(Duration maxTimeout) {
      http.maxTimeout(maxTimeout);
      return this;
    }

    /**
     * Restricts the web pages that may call the server to these origins, such as {@code
     * https://console.example.com}. Every origin may, unless this is called.
     */
    public Builder corsOrigins(String... origins) {
      this.origins.addAll(List.of(origins));
      return this;
    }

    /** Names response headers, beyond the protocols' own, that web pages may read. */
    public Builder corsExposedHeaders(String... names) {
      exposedHeaders.addAll(List.of(names));
      return this;
    }

    /** Builds it, with reflection and health added to the services. */
    public RpcServer build() {
      HealthStatusManager health = new HealthStatusManager();
      List<ServerServiceDefinition> all = new ArrayList<>(services);
      all.add(health.getHealthService().bindService());
      http.addServices(all).addServices(Reflection.of(all));
      return new RpcServer(this, health, http.build());
    }

    private CorsServiceBuilder cors() {
      CorsServiceBuilder cors =
          origins.isEmpty() ? CorsService.builderForAnyOrigin() : CorsService.builder(origins);
      List<String> exposed =
          new ArrayList<>(List.of("grpc-status", "grpc-message", "grpc-status-details-bin"));
      exposedHeaders.forEach(
          name -> {
            exposed.add(name);
            exposed.add("trailer-" + name);
          });
      return cors.allowRequestMethods(HttpMethod.GET, HttpMethod.POST)
          .allowAllRequestHeaders(true)
          .exposeHeaders(exposed)
          .maxAge(CORS_MAX_AGE.toSeconds());
    }
  }
}
