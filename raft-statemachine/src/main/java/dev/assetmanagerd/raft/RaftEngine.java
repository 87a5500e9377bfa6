package dev.assetmanagerd.raft;

import dev.assetmanagerd.registry.LogPosition;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of a running {@link RaftNode}, and how they start, fail and stop together. */
final class RaftEngine {
  private static final Logger LOG = LoggerFactory.getLogger(RaftEngine.class);

  /** Part of timeout.min for which a proof of leadership holds. */
  private static final double LEASE_RATIO = 0.9;

  private static final int CALLBACK_THREADS = 4;
  private static final long WATCH_MILLIS = 500;
  private static final long OBSERVE_MILLIS = 100;
  private static final long CLOCK_MILLIS = 100;
  private static final long SNAPSHOT_CHECK_MILLIS = 1_000;

  final CompletableFuture<Throwable> terminated = new CompletableFuture<>();
  final Timers timers = new Timers("raft-timers");
  final ExecutorService callbacks = newCallbacks();
  final AppliedIndex applied = new AppliedIndex(callbacks, -1);
  final ApplyThread applyThread = new ApplyThread(applied, this::fail);
  final LiveRegistry registry;
  final RaftView raft;
  final SnapshotFiles snapshotFiles;
  final LeaderReads leaderReads;
  final ReadBarrier barrier;
  final ProposalQueue proposals;
  final Freshness freshness;
  final Snapshotter snapshotter;
  final Handover handover;

  private final RaftServer server;
  private final Leadership leadership;
  private final ClusterClock clock;
  private final LeaseExpiry expiry;
  private volatile boolean wired;
  private volatile boolean stopping;

  private RaftEngine(
      RaftNodeOptions options, DataDirectory directory, PeerLink link, LeadershipListener listener)
      throws IOException {
    long leaseNanos = (long) (options.electionTimeoutMin().toNanos() * LEASE_RATIO);
    var evidence = new LeadershipEvidence(leaseNanos, this::onEvidence);
    registry = new LiveRegistry(directory.database());
    var stateMachine = new RegistryStateMachine(registry, applyThread, new Events());
    snapshotFiles = stateMachine.snapshots();
    RaftGroupId groupId = RatisConfig.groupId(options.clusterId());
    server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(options.nodeId()))
            .setGroup(RatisConfig.group(options))
            .setStateMachine(stateMachine)
            .setProperties(RatisConfig.properties(options, directory.raft()))
            .setParameters(evidence.toParameters())
            .setOption(RaftStorage.StartupOption.RECOVER)
            .build();
    try {
      RaftServer.Division division = server.getDivision(groupId);
      raft = new RaftView(division);
      leaderReads =
          new LeaderReads(
              raft, evidence, callbacks, leaseNanos, options.electionTimeoutMax().toNanos());
      barrier =
          new ReadBarrier(
              raft, leaderReads, link, timers, callbacks, options.electionTimeoutMin().toMillis());
      var stamper =
          new Stamper(System::currentTimeMillis, System::nanoTime, new Ulids(new SecureRandom()));
      var log = new LeaderLog(division, stamper, callbacks, evidence, timers);
      proposals = new ProposalQueue(raft, log, link, timers, callbacks);
      leadership = new Leadership(raft, applied, listener);
      clock = new ClusterClock(raft, registry, log, stamper);
      expiry = new LeaseExpiry(raft::leadingReady, registry::read, log::append);
      freshness = new Freshness(raft, leaderReads, applied, System::nanoTime);
      handover =
          new Handover(
              server, division, leaderReads, proposals, timers, options.electionTimeoutMax());
      snapshotter =
          new Snapshotter(
              server,
              groupId,
              raft,
              registry,
              snapshotFiles,
              applied,
              options.snapshotThreshold(),
              options.peers().indexOf(options.self()),
              options.peers().size());
      wired = true;
      server.start();
      stateMachine.markStarted();
      requireConnectedLog(division);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  static RaftEngine start(RaftNodeOptions options, PeerLink link, LeadershipListener listener)
      throws IOException {
    DataDirectory directory = DataDirectory.open(options);
    directory.removeLeftovers();
    directory.markOwned();
    if (options.peers().size() > 1) {
      outliveLease(options.electionTimeoutMin());
    }
    var engine = new RaftEngine(options, directory, link, listener);
    directory.markBootstrapped();
    engine.schedule();
    return engine;
  }

  /**
   * A node that comes back does not know that it has just vouched for a leader, and would let
   * another be elected within that leader's lease. Its previous process ended before this one
   * began.
   */
  private static void outliveLease(Duration electionTimeoutMin) throws IOException {
    long wait = electionTimeoutMin.toMillis() - ManagementFactory.getRuntimeMXBean().getUptime();
    if (wait > 0) {
      try {
        TimeUnit.MILLISECONDS.sleep(wait);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while starting", e);
      }
    }
  }

  /** Without this check a node that lost its database would wait for purged entries for ever. */
  private void requireConnectedLog(RaftServer.Division division) throws IOException {
    LogPosition position = applyThread.position();
    long first = division.getRaftLog().getStartIndex();
    if (first > position.index() + 1) {
      throw new IOException(
          ("the registry stands at %s and the log begins at %d: what lies between is lost on this"
                  + " node. Remove it from the cluster, and add it under a new id with an empty data"
                  + " directory")
              .formatted(position, first));
    }
  }

  private static ExecutorService newCallbacks() {
    var number = new AtomicInteger();
    return new ThreadPoolExecutor(
        CALLBACK_THREADS,
        CALLBACK_THREADS,
        0,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(), // bounded by the calls under way, each of which is bounded
        task -> {
          var thread = new Thread(task, "raft-callback-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        },
        (task, pool) -> task.run()); // after the end: whoever completes something does the rest
  }

  private void schedule() {
    timers.every(WATCH_MILLIS, this::watch);
    timers.every(OBSERVE_MILLIS, freshness::observe);
    timers.every(CLOCK_MILLIS, () -> callbacks.execute(whileTakingPart(clock::tick)));
    timers.every(CLOCK_MILLIS, () -> callbacks.execute(whileTakingPart(expiry::look)));
    timers.every(SNAPSHOT_CHECK_MILLIS, whileTakingPart(snapshotter::takeIfDue));
  }

  private Runnable whileTakingPart(Runnable task) {
    return () -> {
      if (!terminated.isDone()) {
        task.run();
      }
    };
  }

  /** Ratis may close itself, after a long pause or an error, and leave the JVM running. */
  private void watch() {
    LifeCycle.State division = raft.lifeCycle();
    LifeCycle.State whole = server.getLifeCycleState();
    if (!stopping && !(division.isRunning() && whole.isRunning())) {
      fail(
          new IllegalStateException(
              "Raft has ended: division %s, server %s".formatted(division, whole)));
    }
  }

  private void fail(Throwable reason) {
    if (!stopping && terminated.complete(reason)) {
      LOG.error("this node takes part no longer", reason);
    }
  }

  private void onEvidence() {
    if (wired) {
      leaderReads.evaluate();
    }
  }

  /**
   * Ends everything, once.
   *
   * @param gracefully hand leadership over first
   */
  void stop(boolean gracefully) {
    stopping = true;
    snapshotter.close();
    if (gracefully) {
      handover.beforeStop();
    }
    proposals.close();
    barrier.close();
    try {
      server.close();
    } catch (IOException e) {
      LOG.warn("closing the Raft server failed", e);
    }
    leadership.close();
    proposals.closeInFlight();
    leaderReads.close();
    applied.close();
    applyThread.close();
    registry.close();
    timers.close();
    callbacks.shutdown();
  }

  /** Hands over from Ratis's threads. */
  private final class Events implements RegistryStateMachine.Events {
    @Override
    public void leaderReady() {
      leadership.ready();
      callbacks.execute(
          () -> {
            leaderReads.evaluate();
            proposals.wake();
          });
    }

    @Override
    public void notLeader() {
      leadership.lost();
      callbacks.execute(
          () -> {
            leaderReads.evaluate();
            proposals.wake();
          });
    }

    @Override
    public void leaderChanged(@Nullable String leaderId) {
      if (wired && leaderId != null) {
        callbacks.execute(proposals::wake);
      }
    }

    @Override
    public void failed(Throwable failure) {
      fail(failure);
    }

    @Override
    public void snapshotInstalled(LogPosition position) {
      callbacks.execute(proposals::wake);
    }
  }
}
