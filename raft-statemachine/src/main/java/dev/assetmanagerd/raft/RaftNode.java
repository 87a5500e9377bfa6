package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.node.v1.WriteCounters;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
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
    try {
      return engine.registry.read(query);
    } catch (RegistryException e) {
      if (e.isDamage()) {
        engine.fail(e); // other answers might be wrong without anybody noticing
      }
      throw e;
    }
  }

  /**
   * Writes a consistent copy of this node's registry to a file, while reads and writes go on.
   *
   * @param target must not exist; its directory must
   * @return the position that the copy stands at
   * @throws dev.assetmanagerd.registry.RegistryBusyException when another copy is being made, which
   *     a snapshot needs too
   * @throws dev.assetmanagerd.registry.RegistryException when it fails; nothing is left behind
   */
  public LogPosition copyRegistry(Path target) {
    return engine.registry.copyTo(target);
  }

  /**
   * Which of the cluster's lives this node is part of: empty for the first, else named by the
   * backup that this one was restored from.
   */
  public String lineage() {
    return engine.lineage;
  }

  /**
   * With which directories the cluster was founded: incarnation by node id, where this node is one
   * of the founders; else empty. See {@link Founding}.
   */
  public SortedMap<String, String> founders() {
    return engine.founders;
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

  /** The format level of this node's registry as applied here. */
  public int formatLevel() {
    return engine.applyThread.formatLevel();
  }

  /**
   * Whether this node takes part for the first time since its data directory was made, as all nodes
   * of a new cluster do.
   */
  public boolean isFounding() {
    return engine.founding;
  }

  /** Whether nothing was ever kept in a data directory: its node has not started there yet. */
  public static boolean isFresh(Path dataDirectory) {
    return DataDirectory.isFresh(dataDirectory);
  }

  /**
   * The lineage of a data directory that was restored from a backup, and that no node has started
   * with since.
   *
   * @throws IOException when the note of that cannot be read
   */
  public static Optional<String> restoredLineage(Path dataDirectory) throws IOException {
    return DataDirectory.restoredLineage(dataDirectory);
  }

  /** Nodes that have taken part in this lineage, as far as has been noted and applied here. */
  public List<String> takenPart() {
    return query(view -> MemberWatch.noted(view, lineage()));
  }

  /**
   * The members of the cluster as this node knows them, itself included where it is one. They may
   * change at any time, and the latest change may not be committed yet.
   */
  public List<Member> members() {
    return engine.membership.current().all();
  }

  /** Who the members are and where, this node included where it is one; they may change. */
  public List<PeerSpec> peers() {
    return engine.membership.current().peers();
  }

  /** Who the members are and how that changes. */
  public Membership membership() {
    return engine.membership;
  }

  /** Whether this node waits for a cluster to add it for the first time. */
  public boolean waitsToBeAdded() {
    return engine.waitsToBeAdded();
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
            .setClusterId(options.clusterId())
            .setLineage(lineage())
            .setWaitsToBeAdded(waitsToBeAdded())
            .setFormatLevel(formatLevel())
            .setFormatLevelMax(FormatLevels.HIGHEST)
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
   * What hashing this node's registry has come to, at the position where a command asked for it.
   *
   * @param checkId of the command
   */
  public ReplicaHash replicaHash(String checkId) {
    return engine.replicaHashes.get(checkId);
  }

  /**
   * Marks this node's data as damaged, so that no start takes them up again, and {@link #terminated
   * stops taking part}.
   *
   * @param reason for people; not empty
   */
  public void quarantine(String reason) {
    engine.quarantine(reason);
  }

  /**
   * Hears that this node is a member in another life of its cluster. Where it has founded the
   * present one alone, and is alone in it, that was because its data had been lost: it must not
   * answer from an empty registry, and {@link #terminated stops taking part}. Nothing is noted on
   * disk, since the word of another cluster, which might be one of the same name, must not make
   * data unusable: a member that is told again after every start stops again. Otherwise nothing
   * happens.
   *
   * @param life in which it is a member
   * @param memberId who is
   * @param leaderId who leads that life, and says so
   * @return whether that is so
   */
  public boolean heardOfMembership(ClusterName life, String memberId, String leaderId) {
    boolean stray =
        life.clusterId().equals(options.clusterId())
            && !life.lineage().equals(lineage())
            && memberId.equals(options.nodeId())
            && founders().keySet().equals(Set.of(memberId))
            && members().size() == 1;
    if (stray) {
      engine.fail(
          new IllegalStateException(
              "cluster %s, which %s leads, has %s as a member, and is of lineage \"%s\"; with an empty directory this node has founded another one, alone, of lineage %s. If its disk is not mounted, mount it; else \"assetmanagerd node rebuild --member HOST:PORT\", with the API of one of the others, brings it back. If it has nothing to do with that cluster, remove %s there, or give it another CLUSTER_ID"
                  .formatted(
                      life.clusterId(), leaderId, memberId, life.lineage(), lineage(), memberId)));
    }
    return stray;
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
