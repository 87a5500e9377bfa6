package dev.assetmanagerd.server;

import dev.assetmanagerd.connect.RpcServer;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks after the node once a second, and tells gRPC clients when its readiness changes. */
final class NodeMonitor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeMonitor.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final Health health;
  private final HealthStatusManager grpcHealth;
  private final List<String> services;
  private final Runnable watch;
  private final ScheduledExecutorService thread;
  private boolean ready;

  /**
   * @param services that gRPC clients may ask for, beside the server as a whole
   * @param watch what else is to be done once a second; must not block
   */
  NodeMonitor(
      Health health, RpcServer rpc, List<ServerServiceDefinition> services, Runnable watch) {
    this.health = health;
    this.grpcHealth = rpc.health();
    this.services =
        Stream.concat(
                Stream.of(HealthStatusManager.SERVICE_NAME_ALL_SERVICES),
                services.stream().map(service -> service.getServiceDescriptor().getName()))
            .toList();
    this.watch = watch;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread created = new Thread(task, "node-monitor");
              created.setDaemon(true);
              return created;
            });
    tell(ServingStatus.NOT_SERVING);
  }

  void start() {
    var unused =
        thread.scheduleWithFixedDelay(this::tick, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Looks now. */
  void tick() {
    try {
      watch.run();
      look();
    } catch (RuntimeException e) {
      log.warn("the node's health could not be looked at", e);
    }
  }

  private synchronized void look() {
    HealthReport report = health.ready();
    if (report.ok() == ready) {
      return;
    }
    ready = report.ok();
    if (ready) {
      log.info("ready");
    } else {
      log.info("not ready: {}", report.summary());
    }
    tell(ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  private void tell(ServingStatus status) {
    services.forEach(service -> grpcHealth.setStatus(service, status));
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
