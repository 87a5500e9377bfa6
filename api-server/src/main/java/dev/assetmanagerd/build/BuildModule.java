package dev.assetmanagerd.build;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.linecorp.armeria.client.ClientFactory;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Automatic builds on one node, put together.
 *
 * <p>Give {@link #leadershipListener()} to the Raft node, and {@link #builds()} to what answers
 * queries. Close it after the server has stopped, before the registry is closed. Thread-safe.
 */
public final class BuildModule implements AutoCloseable {
  private static final Duration WAITERS_LOOK = Duration.ofMillis(100);
  private static final Duration COORDINATOR_LOOK = Duration.ofMillis(200);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  private final ScheduledExecutorService waitersThread = singleThread("build-waiters");
  private final ScheduledExecutorService coordinatorThread = singleThread("build-coordinator");
  private final ExecutorService worker = registrarThread();
  private final Builds builds;
  private final BuildCoordinator coordinator;

  /**
   * @param registry of this node; stays the caller's to close
   * @param registrar for artifacts that builderd does not upload
   * @param connections to builderd; stays the caller's to close
   * @param failPoints faults that a test orders
   */
  public BuildModule(
      BuildSettings settings,
      ReplicatedRegistry registry,
      ArtifactRegistrar registrar,
      ClientFactory connections,
      FailPoints failPoints) {
    this.builds = new Builds(settings, registry, waitersThread, WAITERS_LOOK, System::nanoTime);
    this.coordinator =
        new BuildCoordinator(
            settings,
            registry,
            new BuilderdClient(settings.endpoint(), settings.callTimeout(), connections),
            new BuildResults(settings, registry, registrar, worker),
            failPoints,
            coordinatorThread,
            COORDINATOR_LOOK,
            System::nanoTime);
  }

  /** Has to hear when this node starts and stops leading. */
  public LeadershipListener leadershipListener() {
    return coordinator;
  }

  /** Where calls wait for builds. To be closed before the server waits for its calls to end. */
  public Builds builds() {
    return builds;
  }

  @Override
  public void close() {
    builds.close();
    coordinator.close();
    waitersThread.shutdown();
    stop(coordinatorThread);
    stop(worker);
  }

  private static ScheduledExecutorService singleThread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        new ThreadFactoryBuilder().setNameFormat(name).setDaemon(true).build());
  }

  /** One artifact is read at a time; as many may wait as builds are with builderd. */
  private static ExecutorService registrarThread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(BuildCoordinator.MAX_AT_BUILDERD),
            new ThreadFactoryBuilder().setNameFormat("build-registrar").setDaemon(true).build());
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  private static void stop(ExecutorService executor) {
    executor.shutdown();
    try {
      if (executor.awaitTermination(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdownNow();
  }
}
