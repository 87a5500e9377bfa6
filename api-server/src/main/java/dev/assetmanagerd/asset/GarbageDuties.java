package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.RateLimiter;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * What the leader does about garbage, put together: the {@link Reaper}, the {@link
 * GarbageCollection} and the {@link OrphanSweep}, with a thread for each and the schedules of the
 * latter two.
 */
final class GarbageDuties implements LeadershipListener, AutoCloseable {
  private static final Duration REAPER_INTERVAL = Duration.ofSeconds(1);
  private static final Duration PART_SWEEP_INTERVAL = Duration.ofHours(1);
  private static final LongSupplier NANO_CLOCK = System::nanoTime;

  private final ScheduledExecutorService reaperThread = singleThread("asset-reaper");
  private final ScheduledExecutorService collectorThread = singleThread("asset-collector");
  private final ScheduledExecutorService sweeperThread = singleThread("asset-sweeper");
  private final LeaderTerm leader = new LeaderTerm();
  private final GarbageCounters counters = new GarbageCounters();
  private final Reaper reaper;
  private final GarbageCollection collection;
  private final OrphanSweep sweep;
  private final List<LeaderSchedule> schedules;

  GarbageDuties(
      AssetServiceOptions options,
      ReplicatedRegistry registry,
      RegistryAccess calls,
      BlobStore blobs,
      BlobParts parts,
      Clock clock,
      FailPoints failPoints) {
    GarbageOptions garbage = options.garbage();
    StorageBackend backend = options.backend();
    LeaderRegistry leaderRegistry = new LeaderRegistry(registry);
    this.reaper =
        new Reaper(
            leaderRegistry,
            leader,
            backend,
            blobs,
            RateLimiter.create(garbage.rateLimit()),
            counters,
            failPoints,
            reaperThread,
            REAPER_INTERVAL,
            NANO_CLOCK);
    this.collection =
        new GarbageCollection(
            calls,
            leaderRegistry,
            leader,
            options,
            RateLimiter.create(garbage.rateLimit()),
            reaper,
            counters,
            failPoints,
            clock,
            NANO_CLOCK);
    PartSweep partSweep = new PartSweep(leaderRegistry, leader, parts, blobs, counters);
    this.sweep =
        new OrphanSweep(
            calls,
            leaderRegistry,
            leader,
            options,
            new OrphanBlobs(leaderRegistry, backend, blobs, reaper, failPoints),
            new MissingBlobs(leaderRegistry, backend, blobs),
            blobs,
            partSweep,
            counters);
    Random chance = new Random();
    this.schedules =
        garbage.enabled()
            ? List.of(
                new LeaderSchedule(
                    "garbage collection",
                    collection::runOnSchedule,
                    collectorThread,
                    garbage.interval(),
                    chance::nextDouble),
                new LeaderSchedule(
                    "the sweep of the store",
                    sweep::runOnSchedule,
                    sweeperThread,
                    garbage.sweepInterval(),
                    chance::nextDouble),
                new LeaderSchedule(
                    "the sweep of uploads",
                    partSweep::runOnSchedule,
                    sweeperThread,
                    PART_SWEEP_INTERVAL,
                    chance::nextDouble))
            : List.of();
  }

  private static ScheduledExecutorService singleThread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        new ThreadFactoryBuilder().setNameFormat(name).setDaemon(true).build());
  }

  Reaper reaper() {
    return reaper;
  }

  GarbageCollection collection() {
    return collection;
  }

  OrphanSweep sweep() {
    return sweep;
  }

  GarbageCounters counters() {
    return counters;
  }

  @Override
  public void onLeaderReady(long term) {
    leader.onLeaderReady(term);
    reaper.kick();
    schedules.forEach(schedule -> schedule.onLeaderReady(term));
  }

  @Override
  public void onLeadershipLost() {
    leader.onLeadershipLost();
    schedules.forEach(LeaderSchedule::onLeadershipLost);
  }

  /** Makes all of it stop soon; {@link #threads()} tells when it has. */
  @Override
  public void close() {
    onLeadershipLost();
    schedules.forEach(LeaderSchedule::close);
    reaper.close();
  }

  /** The threads, to be shut down by whoever closes this. */
  List<ScheduledExecutorService> threads() {
    return List.of(reaperThread, collectorThread, sweeperThread);
  }
}
