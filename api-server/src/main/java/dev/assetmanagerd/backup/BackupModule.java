package dev.assetmanagerd.backup;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.backup.v1.BackupServiceGrpc;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.storage.blob.BlobReader;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Backups on one node, put together.
 *
 * <p>Give {@link #leadershipListener()} to the Raft node and {@link #service()} to the server.
 * Close it before the registry. Thread-safe.
 */
public final class BackupModule implements AutoCloseable {
  private static final int CALLS_MAX = 8;
  private static final int IDLE_THREAD_SECONDS = 30;
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

  private final ScheduledExecutorService dutyThread =
      Executors.newSingleThreadScheduledExecutor(
          new ThreadFactoryBuilder().setNameFormat("backup-duty").setDaemon(true).build());
  private final ExecutorService makerThread =
      Executors.newSingleThreadExecutor(
          new ThreadFactoryBuilder().setNameFormat("backup-maker").setDaemon(true).build());
  private final ExecutorService callThreads =
      new ThreadPoolExecutor(
          0,
          CALLS_MAX,
          IDLE_THREAD_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          new ThreadFactoryBuilder().setNameFormat("backup-call-%d").setDaemon(true).build());
  private final BackupCounters counters = new BackupCounters();
  private final Optional<BackupPlace> place;
  private final BackupMaker maker;
  private final BackupDuty duty;
  private final ServerServiceDefinition service;

  /**
   * @param place where the cluster keeps backups; empty for nowhere; stays the caller's to close
   * @param registry of this node; stays the caller's to close
   * @param copier writes a consistent copy of this node's registry
   * @param blobs the store of the cluster
   * @param backend what that is recorded as
   * @param clock wall time
   * @param nanoClock monotonic
   * @throws IOException when what an earlier process has left cannot be removed
   */
  public BackupModule(
      BackupOptions options,
      Optional<BackupPlace> place,
      ReplicatedRegistry registry,
      Function<Path, LogPosition> copier,
      BlobReader blobs,
      StorageBackend backend,
      Clock clock,
      LongSupplier nanoClock)
      throws IOException {
    BackupWork.clear(options.work());
    BackupRegistry catalogue = new BackupRegistry(registry, options.lineage());
    this.place = place;
    this.maker = new BackupMaker(options, catalogue, copier, counters, clock, nanoClock);
    BackupRetention retention =
        new BackupRetention(options.keep(), place, catalogue, maker, counters);
    this.duty =
        new BackupDuty(
            options, place, catalogue, maker, retention, dutyThread, makerThread, clock, nanoClock);
    this.service =
        BackupServiceGrpc.bindService(
            new BackupService(
                options, place, catalogue, maker, duty, retention, blobs, backend, callThreads));
  }

  /** What operators ask. */
  public ServerServiceDefinition service() {
    return service;
  }

  /** Full names of the methods that the leader alone can answer; they are all unary. */
  public static Set<String> leaderMethods() {
    return Set.of(
        BackupServiceGrpc.getCreateBackupMethod().getFullMethodName(),
        BackupServiceGrpc.getForgetBackupMethod().getFullMethodName());
  }

  /** Has to hear when this node starts and stops leading: backups are the leader's duty. */
  public LeadershipListener leadershipListener() {
    return duty;
  }

  /**
   * When the cluster last had a backup made in its place and found good, Unix seconds, as far as
   * this node knows; 0 when it never had.
   */
  public long lastSuccessSeconds() {
    return duty.lastSuccessSeconds();
  }

  /** How long this node has been making the backup that it is making; zero when it makes none. */
  public Duration makingFor() {
    return maker.makingFor();
  }

  /** Steps in the place that take longer than they may, at this moment. */
  public int placeHanging() {
    return place.map(BackupPlace::hanging).orElse(0);
  }

  /** What has been done on this node. */
  public BackupCounters counters() {
    return counters;
  }

  /** Stops the work in the background; what is not complete then, the next leader gives up. */
  @Override
  public void close() {
    duty.close();
    stop(dutyThread);
    stop(makerThread);
    stop(callThreads);
  }

  private static void stop(ExecutorService executor) {
    executor.shutdownNow();
    try {
      var unused = executor.awaitTermination(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
