package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.WriteCounters;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's part in the cluster: the replicated registry, and what its peers and its operator may
 * ask of it.
 *
 * <p>Thread-safe. Futures complete on threads of the node's own, which must not be blocked.
 */
public final class RaftNode implements ReplicatedRegistry, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RaftNode.class);

  private record HashAt(LogPosition position, String hash) {}

  private final RaftNodeOptions options;
  private final RaftEngine engine;
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile @Nullable HashAt stateHash;
  private volatile boolean caughtUpOnce;

  private RaftNode(RaftNodeOptions options, RaftEngine engine) {
    this.options = options;
    this.engine = engine;
  }

  /**
   * Starts the node: recovers what its data directory holds, and joins the other members.
   *
   * @param link how the other nodes are reached; used as soon as a leader is known
   * @param listener told of this node's own leadership
   * @throws IOException when the data directory belongs to another node or cluster, is damaged or
   *     in use, or the Raft address cannot be bound; nothing is left running
   */
  public static RaftNode start(RaftNodeOptions options, PeerLink link, LeadershipListener listener)
      throws IOException {
    var node = new RaftNode(options, RaftEngine.start(options, link, listener));
    node.learnWhatIsCommitted();
    LOG.info(
        "node {} of cluster {} started at {}",
        options.nodeId(),
        options.clusterId(),
        node.engine.applyThread.position());
    return node;
  }

  @Override
  public CompletableFuture<Committed> propose(Command command, Deadline deadline) {
    return engine.proposals.propose(command, deadline);
  }

  /**
   * Proposes commands that a follower hands over. Fails with {@link NotLeaderException} when this
   * node does not lead, nothing being proposed then, or with {@link ClusterUnavailableException}.
   */
  public CompletableFuture<ProposeResponse> proposeAsLeader(
      ProposeRequest request, Deadline deadline) {
    return engine.proposals.proposeHere(request.getCommandsList(), deadline);
  }

  @Override
  public CompletableFuture<Void> awaitLinearizable(Deadline deadline) {
    return engine.barrier.readIndex(deadline).thenCompose(index -> awaitApplied(index, deadline));
  }

  /**
   * Gives a follower a read index. Fails with {@link NotLeaderException} when this node does not
   * lead, or with {@link ClusterUnavailableException} when it cannot prove so before the deadline.
   */
  public CompletableFuture<Long> readIndexAsLeader(Deadline deadline) {
    return engine.timers.bound(
        engine.leaderReads.readIndexForFollower(),
        deadline,
        () ->
            new ClusterUnavailableException(
                Reason.DEADLINE, false, "no majority confirmed the leader before the deadline"));
  }

  @Override
  public CompletableFuture<Void> awaitApplied(long index, Deadline deadline) {
    return engine.timers.bound(
        engine.applied.await(index),
        deadline,
        () ->
            closing.get()
                ? new ClusterUnavailableException(Reason.STOPPING, false, "this node is stopping")
                : new ClusterUnavailableException(
                    Reason.DEADLINE,
                    false,
                    "index %d was not applied here before the deadline; %d is"
                        .formatted(index, engine.applied.get())));
  }

  @Override
  public <T> T query(Function<RegistryView, T> query) {
    return engine.registry.read(query);
  }

  @Override
  public Duration staleness() {
    return engine.freshness.staleness();
  }

  /** Id of the leader as far as this node knows, itself included. */
  public Optional<String> leaderId() {
    return Optional.ofNullable(engine.raft.leaderId());
  }

  /** Whether this node leads and has committed an entry in its term. */
  public boolean isLeader() {
    return engine.raft.leadingReady();
  }

  /** The configured member of this id. */
  public Optional<PeerSpec> peer(String id) {
    return options.peers().stream().filter(peer -> peer.id().equals(id)).findFirst();
  }

  /** The configured members, this node included. */
  public List<PeerSpec> peers() {
    return options.peers();
  }

  /**
   * Whether this node may serve: a leader is known, and everything that was committed when the node
   * started is applied here.
   */
  public boolean caughtUp() {
    return caughtUpOnce
        && !closing.get()
        && engine.raft.lifeCycle().isRunning()
        && engine.raft.leaderId() != null;
  }

  /**
   * How this node sees itself.
   *
   * @param withStateHash reads the whole registry, unless nothing was applied since the last time
   */
  public NodeStatus status(boolean withStateHash) {
    PeerSpec self = options.self();
    var status =
        NodeStatus.newBuilder()
            .setNodeId(self.id())
            .setRole(engine.raft.role())
            .setApiAddress(self.apiAddress())
            .setRaftAddress(self.raftAddress())
            .setTerm(engine.raft.term())
            .setCommitIndex(engine.raft.commitIndex())
            .setAppliedIndex(engine.applied.get())
            .setSnapshotIndex(engine.snapshotFiles.latestIndex())
            .setLeaderId(leaderId().orElse(""))
            .setReady(caughtUp())
            .setVersion(options.version())
            .setWriteCounters(
                WriteCounters.newBuilder()
                    .setCommands(engine.applyThread.commands())
                    .setEntries(engine.applyThread.entries())
                    .setTransactions(engine.applyThread.transactions()));
    if (withStateHash) {
      HashAt hash = hash();
      status.setStateHash(hash.hash()).setStateHashIndex(hash.position().index());
    }
    return status.build();
  }

  /**
   * Hands leadership over.
   *
   * @param to id of the member that shall lead; null for the one that is most up to date
   * @return fails with {@link NotLeaderException} when this node does not lead, with {@link
   *     IllegalArgumentException} when there is no such member, and with {@link
   *     ClusterUnavailableException} when the member did not take over in time, this node then
   *     leading on
   */
  public CompletableFuture<Void> transferLeadership(@Nullable String to, Duration timeout) {
    return engine.handover.transfer(to, timeout);
  }

  /**
   * Takes a snapshot of what is applied now and purges the log accordingly.
   *
   * @return its log index; fails with what went wrong
   */
  public CompletableFuture<Long> snapshotNow() {
    return engine.snapshotter.submit();
  }

  /**
   * Completes with the reason when this node has stopped taking part for any reason but {@link
   * #close}. The process must exit then: Ratis leaves the JVM running.
   */
  public CompletionStage<Throwable> terminated() {
    return engine.terminated; // not a copy: each would stay registered until the end
  }

  /**
   * Leaves in good order: hands leadership over, ends Raft, which applies what is committed, then
   * closes the database. Calls under way fail as {@code STOPPING}. Takes seconds at most.
   */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      engine.stop(true);
      LOG.info("node {} stopped at {}", options.nodeId(), engine.applyThread.position());
    }
  }

  /** For tests: as {@link #close}, but leaves like a node that dies, without a handover. */
  void abandon() {
    if (closing.compareAndSet(false, true)) {
      engine.stop(false);
    }
  }

  /** For tests: what Ratis locks while this node changes its role. */
  Object roleLock() {
    return engine.raft.lock();
  }

  private HashAt hash() {
    HashAt known = stateHash;
    if (known != null && known.position().index() == engine.applied.get()) {
      return known;
    }
    HashAt computed = query(view -> new HashAt(view.applied(), view.stateHash()));
    stateHash = computed;
    return computed;
  }

  /** Asks until a leader has answered once and what it said is applied. */
  private void learnWhatIsCommitted() {
    var unused =
        awaitLinearizable(Deadline.after(5, TimeUnit.SECONDS))
            .whenComplete(
                (done, failure) -> {
                  if (failure == null) {
                    caughtUpOnce = true;
                  } else if (!closing.get()) {
                    engine.timers.after(100, this::learnWhatIsCommitted);
                  }
                });
  }
}
