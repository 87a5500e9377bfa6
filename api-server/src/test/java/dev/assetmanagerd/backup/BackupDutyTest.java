package dev.assetmanagerd.backup;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.RegistryView;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is thrown, backups are looked after again. */
class BackupDutyTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir private Path root;

  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger looks = new AtomicInteger();

  @AfterEach
  void stop() {
    scheduler.shutdownNow();
  }

  @Test
  void anExceptionDoesNotEndTheSchedule() {
    goesOnAfter(() -> new IllegalStateException("the registry is closed"));
  }

  @Test
  void anErrorDoesNotEndTheSchedule() {
    goesOnAfter(() -> new NoClassDefFoundError("a/class/of/ours"));
  }

  private void goesOnAfter(Supplier<Throwable> failure) {
    try (BackupDuty duty = duty(failure)) {
      duty.onLeaderReady(1);
      await().atMost(SOON).until(() -> looks.get() >= 2);
    }
  }

  /** Of a registry that throws whenever it is asked. */
  private BackupDuty duty(Supplier<Throwable> failure) {
    ReplicatedRegistry broken =
        (ReplicatedRegistry)
            Proxy.newProxyInstance(
                ReplicatedRegistry.class.getClassLoader(),
                new Class<?>[] {ReplicatedRegistry.class},
                (proxy, method, arguments) -> {
                  looks.incrementAndGet();
                  throw failure.get();
                });
    var options =
        new BackupOptions("testing", "", "1.2.3", root.resolve("work"), Duration.ofSeconds(1), 2);
    var registry = new BackupRegistry(broken, "");
    var counters = new BackupCounters();
    var maker =
        new BackupMaker(
            options,
            registry,
            target -> broken.query(RegistryView::applied),
            counters,
            Clock.systemUTC(),
            System::nanoTime);
    return new BackupDuty(
        options,
        Optional.empty(),
        registry,
        maker,
        new BackupRetention(2, Optional.empty(), registry, maker, counters),
        scheduler,
        Runnable::run,
        Clock.systemUTC(),
        System::nanoTime);
  }
}
