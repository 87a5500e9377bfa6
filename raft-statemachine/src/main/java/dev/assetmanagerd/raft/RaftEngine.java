package dev.assetmanagerd.raft;

import static java.util.stream.Collectors.toSet;

import dev.assetmanagerd.registry.LogPosition;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
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
  private static final long MEMBER_WATCH_MILLIS = 1_000;
  private static final long LINES_MILLIS = 500;
  private static final long SNAPSHOT_CHECK_MILLIS = 1_000;

  final CompletableFuture<Throwable> terminated = new CompletableFuture<>();
  final Timers timers = new Timers("raft-timers");
  final ExecutorService callbacks = newCallbacks();
  final AppliedIndex applied = new AppliedIndex(callbacks, -1);
  final LiveRegistry registry;
  final ReplicaHashes replicaHashes;
  final ApplyThread applyThread;
  final RaftView raft;
  final SnapshotFiles snapshotFiles;
  final LeaderReads leaderReads;
  final ReadBarrier barrier;
  final ProposalQueue proposals;
  final Freshness freshness;
  final Snapshotter snapshotter;
  final Handover handover;
  final String lineage;
  final SortedMap<String, String> founders;

  /** Whether this process has made the data directory, as those do that found a cluster. */
  final boolean founding;

  final Membership membership;

  private final RaftServer server;
  private final Leadership leadership;
  private final ClusterClock clock;
  private final LeaseExpiry expiry;
  private final MemberWatch memberWatch;
  private final StalledLines stalledLines;
  private final DataDirectory directory;
  private final DurableVotes votes;
  private final PeerLink link;
  private final Departure departure;
  private final String clusterId;
  private @Nullable List<PeerSpec> told;
  private volatile boolean wired;
  private volatile boolean stopping;
  private volatile boolean ended;

  private RaftEngine(
      RaftNodeOptions options, DataDirectory directory, PeerLink link, LeadershipListener listener)
      throws IOException {
    founding = directory.isFresh() && !directory.joined();
    lineage = directory.lineage();
    founders = directory.founders();
    this.directory = directory;
    this.link = link;
    this.clusterId = options.clusterId();
    long leaseNanos = (long) (options.electionTimeoutMin().toNanos() * LEASE_RATIO);
    var evidence = new LeadershipEvidence(leaseNanos, this::onEvidence);
    registry = new LiveRegistry(directory.database());
    votes = new DurableVotes(directory.votes(), this::fail);
    replicaHashes = new ReplicaHashes(registry::snapshot, this::fail);
    applyThread = new ApplyThread(applied, replicaHashes, this::fail);
    var stateMachine = new RegistryStateMachine(registry, applyThread, new Events(), timers);
    snapshotFiles = stateMachine.snapshots();
    RaftGroupId groupId = RatisConfig.groupId(options.clusterId(), directory.lineage());
    server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(options.nodeId()))
            .setGroup(RatisConfig.group(options, directory.lineage(), directory.joined()))
            .setStateMachine(stateMachine)
            .setProperties(
                RatisConfig.properties(options, directory.raft(), alone(options, directory)))
            .setParameters(votes.addTo(RatisConfig.secured(evidence.toParameters(), options.tls())))
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
      var log =
          new LeaderLog(
              division,
              stamper,
              new Admission(applyThread::formatLevel, applied),
              callbacks,
              evidence,
              timers);
      proposals = new ProposalQueue(raft, log, link, timers, callbacks);
      leadership = new Leadership(raft, applied, listener);
      clock = new ClusterClock(raft, registry, log, stamper);
      expiry = new LeaseExpiry(raft::leadingReady, registry::read, log::append);
      memberWatch =
          new MemberWatch(
              lineage,
              raft::leadingReady,
              () -> evidence.heard(raft.members(), raft.selfId()),
              registry::read,
              log::append);
      freshness = new Freshness(raft, leaderReads, applied, System::nanoTime);
      handover =
          new Handover(
              server, division, leaderReads, proposals, timers, options.electionTimeoutMax());
      snapshotter =
          new Snapshotter(
              server, groupId, raft, registry, snapshotFiles, applied, options.snapshotThreshold());
      membership =
          new Membership(
              server,
              division,
              raft,
              evidence,
              directory::markGrown,
              index -> applied.await(index).thenCompose(reached -> snapshotter.submit()));
      stalledLines =
          new StalledLines(
              () -> raft.silent(options.electionTimeoutMin().toMillis()),
              this::others,
              new StuckConnections()::remotes,
              this::reconnect);
      departure =
          new Departure(
              raft,
              link,
              new ClusterName(options.clusterId(), lineage),
              () -> directory.waitsToBeAdded() || !presentKnown(),
              this::removed,
              options.electionTimeoutMax().multipliedBy(2),
              System::nanoTime);
      wired = true;
      server.start();
      stateMachine.markStarted();
    } catch (IOException e) {
      server.close();
      throw e;
    } catch (RuntimeException e) {
      server.close();
      throw new IOException(
          "the Raft member cannot start with %s: %s".formatted(directory.raft(), root(e)), e);
    }
  }

  /** Ratis wraps what went wrong several times. */
  private static Throwable root(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  static RaftEngine start(RaftNodeOptions options, PeerLink link, LeadershipListener listener)
      throws IOException {
    DataDirectory directory = DataDirectory.open(options);
    directory.clearLeftovers();
    Set<String> peers = options.peers().stream().map(PeerSpec::id).collect(toSet());
    directory.requireWhole(peers);
    directory.markOwned();
    directory.markStarted(peers);
    if (!alone(options, directory)) {
      outliveLease(options.electionTimeoutMin());
    }
    var engine = new RaftEngine(options, directory, link, listener);
    directory.markBootstrapped();
    engine.tellOthers();
    engine.schedule();
    return engine;
  }

  /** Whether the node makes up its cluster alone, and always has. */
  private static boolean alone(RaftNodeOptions options, DataDirectory directory) {
    return options.peers().size() == 1 && !directory.joined() && !directory.grown();
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
    timers.every(OBSERVE_MILLIS, this::tellOthers);
    timers.every(WATCH_MILLIS, whileTakingPart(departure::look));
    timers.every(CLOCK_MILLIS, () -> callbacks.execute(whileTakingPart(clock::tick)));
    timers.every(CLOCK_MILLIS, () -> callbacks.execute(whileTakingPart(expiry::look)));
    timers.every(MEMBER_WATCH_MILLIS, () -> callbacks.execute(whileTakingPart(memberWatch::look)));
    timers.every(LINES_MILLIS, () -> callbacks.execute(whileTakingPart(stalledLines::look)));
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
    // A new member that starts again while it is made a voter starts once it hears its leader.
    boolean takesPart = division.isRunning() || division == LifeCycle.State.STARTING;
    if (!stopping && !(takesPart && whole.isRunning()) && !terminated.isDone() && !ended) {
      ended = true;
      var unused =
          departure
              .ask()
              .thenAccept(
                  removed ->
                      fail(
                          new IllegalStateException(
                              "Raft has ended: division %s, server %s"
                                  .formatted(division, whole))));
    }
  }

  private void removed() {
    String reason = "node %s was removed from cluster %s".formatted(raft.self(), clusterId);
    try {
      directory.markRemoved(reason);
    } catch (IOException e) {
      LOG.warn("{}, which could not be noted in node.json", reason, e);
    }
    fail(new RemovedException(reason));
    barrier.close(); // whoever waits for a leader here may do better elsewhere
    proposals.close();
  }

  /** Whether the node has never been a member, and has no part in founding a cluster either. */
  boolean waitsToBeAdded() {
    return directory.waitsToBeAdded();
  }

  /**
   * Whether the configuration that this node knows is one that has been since it asked to be added.
   * The log that it is sent may begin long before, with configurations that name a former node of
   * its id, or have just removed that.
   */
  private boolean presentKnown() {
    long behind = directory.joinedBehind();
    return behind < 0 || membership.current().index() > behind;
  }

  /** A snapshot may come from before a node was added, so it has to be named. */
  private void noteMembership() {
    if (directory.waitsToBeAdded()
        && membership.current().addedSince(directory.joinedBehind(), raft.self())) {
      try {
        directory.markMember();
      } catch (IOException e) {
        LOG.warn("that this node is a member cannot be noted in node.json yet", e);
      }
    }
  }

  /** Has the link know the members, as early as they are in the log. */
  private synchronized void tellOthers() {
    noteMembership();
    List<PeerSpec> others = others();
    if (!others.equals(told)) {
      told = others;
      link.others(others);
    }
  }

  private List<PeerSpec> others() {
    return membership.current().peers().stream()
        .filter(peer -> !peer.id().equals(raft.self()))
        .toList();
  }

  /** Ratis drops its connection to a member when told of a failure of it, and makes another. */
  private void reconnect(PeerSpec peer) {
    server
        .getServerRpc()
        .handleException(
            RaftPeerId.valueOf(peer.id()), new SocketTimeoutException("carries nothing"), true);
  }

  /** Takes part no longer; the process is told to end. */
  void fail(Throwable reason) {
    if (!stopping && terminated.complete(reason)) {
      if (reason instanceof RemovedException) {
        LOG.error("this node takes part no longer: {}", reason.getMessage());
      } else {
        LOG.error("this node takes part no longer", reason);
      }
    }
  }

  /**
   * Takes part no longer, now and after any restart, until the data are rebuilt.
   *
   * @param reason for people
   */
  void quarantine(String reason) {
    Throwable told = new IllegalStateException(reason);
    try {
      directory.markDamaged(reason);
    } catch (IOException e) {
      told = new IllegalStateException(reason + "; it could not be noted on disk", e);
    }
    fail(told);
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
    replicaHashes.close();
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
      if (server.getId().toString().equals(leaderId)) {
        votes.keep(); // its own: it leads only after this
      }
      if (wired && leaderId != null) {
        callbacks.execute(
            () -> {
              tellOthers();
              proposals.wake();
            });
      }
    }

    @Override
    public void membersChanged() {
      if (wired) {
        callbacks.execute(RaftEngine.this::tellOthers);
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
