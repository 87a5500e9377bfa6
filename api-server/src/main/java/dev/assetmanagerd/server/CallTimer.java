package dev.assetmanagerd.server;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Measures calls from their first header to their end, by method and result. A call that its caller
 * gives up is not measured.
 */
final class CallTimer implements ServerInterceptor {
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(10),
    Duration.ofMinutes(1),
    Duration.ofMinutes(10)
  };

  private record Kind(String method, Status.Code code) {}

  private final MeterRegistry registry;
  private final Map<Kind, Timer> timers = new ConcurrentHashMap<>();

  CallTimer(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    Timer.Sample start = Timer.start(registry);
    return next.startCall(
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            String method = getMethodDescriptor().getBareMethodName();
            Kind kind = new Kind(method == null ? "unknown" : method, status.getCode());
            start.stop(timers.computeIfAbsent(kind, CallTimer.this::timer));
            super.close(status, trailers);
          }
        },
        headers);
  }

  private Timer timer(Kind kind) {
    return Timer.builder("assetmanager_rpc_duration")
        .description("Time from the first header of a call to its end")
        .tag("method", kind.method())
        .tag("code", kind.code().name().toLowerCase(Locale.ROOT))
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }
}
