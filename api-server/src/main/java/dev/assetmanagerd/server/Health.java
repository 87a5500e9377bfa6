package dev.assetmanagerd.server;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whether this node is alive, and whether it should be given work. Thread-safe, non-blocking.
 *
 * <p>Alive: nothing but a restart would help when it is not. Ready: it can serve every call now.
 */
final class Health {
  private final List<HealthCheck> live;
  private final List<HealthCheck> ready;
  private volatile boolean stopping;

  Health(List<HealthCheck> live, List<HealthCheck> ready) {
    this.live = List.copyOf(live);
    this.ready =
        Stream.concat(
                Stream.of(
                    new HealthCheck(
                        "serving",
                        () -> stopping ? Optional.of("the node is stopping") : Optional.empty())),
                ready.stream())
            .toList();
  }

  HealthReport live() {
    return HealthReport.of(live);
  }

  HealthReport ready() {
    return HealthReport.of(ready);
  }

  boolean isStopping() {
    return stopping;
  }

  /** From now on the node is not ready. */
  void stopping() {
    stopping = true;
  }
}
