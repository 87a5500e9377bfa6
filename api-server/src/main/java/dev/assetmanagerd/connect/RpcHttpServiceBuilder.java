package dev.assetmanagerd.connect;

import com.google.protobuf.Descriptors;
import com.google.protobuf.TypeRegistry;
import io.grpc.ServerServiceDefinition;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Describes an {@link RpcHttpService}. Not thread-safe. */
public final class RpcHttpServiceBuilder {
  private static final int DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
  private static final Duration DEFAULT_STREAM_IDLE_TIMEOUT = Duration.ofMinutes(2);

  private final Map<String, RpcMethod> methods = new LinkedHashMap<>();
  private final TypeRegistry.Builder types = TypeRegistry.newBuilder();
  private int maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES;
  private int maxStreamedMessageBytes = DEFAULT_MAX_MESSAGE_BYTES;
  private long maxTotalBytes = Runtime.getRuntime().maxMemory() / 4;
  private Duration streamIdleTimeout = DEFAULT_STREAM_IDLE_TIMEOUT;
  private @Nullable Duration maxTimeout;

  RpcHttpServiceBuilder() {}

  /**
   * Adds all methods of a service, with the interceptors it may be wrapped in.
   *
   * @throws IllegalArgumentException if a method does not speak protobuf or is there already
   */
  public RpcHttpServiceBuilder addService(ServerServiceDefinition service) {
    service
        .getMethods()
        .forEach(
            definition -> {
              RpcMethod method = RpcMethod.of(definition);
              if (methods.putIfAbsent(method.path(), method) != null) {
                throw new IllegalArgumentException("method added twice: " + method.path());
              }
              types.add(method.schema().getInputType());
              types.add(method.schema().getOutputType());
            });
    return this;
  }

  /** Adds several services; see {@link #addService}. */
  public RpcHttpServiceBuilder addServices(Iterable<ServerServiceDefinition> services) {
    services.forEach(this::addService);
    return this;
  }

  /**
   * The most bytes of one message, both as received and decompressed; 4 MiB unless set. A larger
   * one is answered with {@code resource_exhausted}.
   */
  public RpcHttpServiceBuilder maxMessageBytes(int maxMessageBytes) {
    if (maxMessageBytes <= 0) {
      throw new IllegalArgumentException("maxMessageBytes must be positive: " + maxMessageBytes);
    }
    this.maxMessageBytes = maxMessageBytes;
    this.maxStreamedMessageBytes = maxMessageBytes;
    return this;
  }

  /** The same for the messages of a stream alone; to be called after {@link #maxMessageBytes}. */
  public RpcHttpServiceBuilder maxStreamedMessageBytes(int maxStreamedMessageBytes) {
    if (maxStreamedMessageBytes <= 0) {
      throw new IllegalArgumentException(
          "maxStreamedMessageBytes must be positive: " + maxStreamedMessageBytes);
    }
    this.maxStreamedMessageBytes = maxStreamedMessageBytes;
    return this;
  }

  /**
   * The most bytes that the messages of all callers together may hold until their handlers have
   * taken them; a quarter of the heap unless set. What comes beyond is answered with {@code
   * resource_exhausted}.
   */
  public RpcHttpServiceBuilder maxTotalBytes(long maxTotalBytes) {
    if (maxTotalBytes <= 0) {
      throw new IllegalArgumentException("maxTotalBytes must be positive: " + maxTotalBytes);
    }
    this.maxTotalBytes = maxTotalBytes;
    return this;
  }

  /** Names messages that JSON may show within error details and {@code Any} fields. */
  public RpcHttpServiceBuilder jsonTypes(Descriptors.Descriptor... types) {
    Arrays.asList(types).forEach(this.types::add);
    return this;
  }

  /**
   * How long a client may send nothing within a request that the server waits for, before the call
   * is ended with {@code deadline_exceeded}; two minutes unless set, zero means for ever. Calls
   * where both sides stream are not bounded by it.
   */
  public RpcHttpServiceBuilder streamIdleTimeout(Duration streamIdleTimeout) {
    if (streamIdleTimeout.isNegative()) {
      throw new IllegalArgumentException("streamIdleTimeout is negative: " + streamIdleTimeout);
    }
    this.streamIdleTimeout = streamIdleTimeout;
    return this;
  }

  /**
   * The longest a call may last, also if its caller asks for more or sets no deadline; not bounded
   * unless set.
   */
  public RpcHttpServiceBuilder maxTimeout(Duration maxTimeout) {
    if (maxTimeout.isNegative() || maxTimeout.isZero()) {
      throw new IllegalArgumentException("maxTimeout must be positive: " + maxTimeout);
    }
    this.maxTimeout = maxTimeout;
    return this;
  }

  /** Builds the service. */
  public RpcHttpService build() {
    TypeRegistry registry = types.build();
    ErrorJson errors = new ErrorJson(registry);
    CallStarter starter =
        new CallStarter(
            new CallStarter.Limits(
                maxMessageBytes, maxStreamedMessageBytes, streamIdleTimeout, maxTimeout),
            new MemoryBudget(maxTotalBytes),
            errors);
    return new RpcHttpService(
        Collections.unmodifiableMap(new LinkedHashMap<>(methods)),
        starter,
        new JsonCodec(registry),
        errors);
  }
}
