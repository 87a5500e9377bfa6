package dev.assetmanagerd.build;

import dev.assetmanagerd.raft.ReplicatedRegistry;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Builds for tests of what stands on them. */
public final class TestBuilds {
  private TestBuilds() {}

  /** Everything fast; nobody listens at the endpoint. */
  public static BuildSettings settings(boolean enabled) {
    return new BuildSettings(
        enabled,
        URI.create("http://127.0.0.1:1"),
        Duration.ofSeconds(5),
        Duration.ofMinutes(30),
        true,
        3,
        Duration.ofSeconds(5),
        Duration.ofMillis(20),
        Duration.ofMillis(300),
        Duration.ofSeconds(2),
        Duration.ofSeconds(30));
  }

  /** Where calls wait, without anything that has builds carried out. The thread ends on close. */
  public static Builds waiters(ReplicatedRegistry registry, boolean enabled) {
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread daemon = new Thread(task, "test-builds");
              daemon.setDaemon(true);
              return daemon;
            });
    return new Builds(settings(enabled), registry, thread, Duration.ofMillis(20), System::nanoTime);
  }
}
