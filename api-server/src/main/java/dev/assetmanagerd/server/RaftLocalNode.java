package dev.assetmanagerd.server;

import dev.assetmanagerd.cluster.LocalNode;
import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.RaftNode;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The Raft node as others ask for it. */
final class RaftLocalNode implements LocalNode {
  private final RaftNode raft;
  private final BooleanSupplier ready;
  private final Executor executor;

  /**
   * @param ready whether the whole node is, not its Raft part alone
   * @param executor for reading the whole registry
   */
  RaftLocalNode(RaftNode raft, BooleanSupplier ready, Executor executor) {
    this.raft = raft;
    this.ready = ready;
    this.executor = executor;
  }

  @Override
  public CompletableFuture<ProposeResponse> propose(ProposeRequest request, Deadline deadline) {
    return raft.proposeAsLeader(request, deadline);
  }

  @Override
  public CompletableFuture<Long> readIndex(Deadline deadline) {
    return raft.readIndexAsLeader(deadline);
  }

  @Override
  public CompletableFuture<NodeStatus> status(boolean includeStateHash) {
    return includeStateHash
        ? CompletableFuture.supplyAsync(() -> statusNow(true), executor)
        : CompletableFuture.completedFuture(statusNow(false));
  }

  @Override
  public CompletableFuture<Void> handOverLeadership(Optional<String> nodeId, Deadline deadline) {
    Duration timeout = Duration.ofMillis(deadline.timeRemaining(TimeUnit.MILLISECONDS));
    return raft.transferLeadership(nodeId.orElse(null), timeout);
  }

  @Override
  public ReplicaHash replicaHash(String checkId) {
    return raft.replicaHash(checkId);
  }

  @Override
  public void quarantine(String reason) {
    raft.quarantine(reason);
  }

  @Override
  public CompletableFuture<Foundation> foundation() {
    return CompletableFuture.supplyAsync(this::foundationNow, executor);
  }

  private Foundation foundationNow() {
    NodeStatus status = raft.status(false);
    return Foundation.newBuilder()
        .setClusterId(status.getClusterId())
        .setNodeId(status.getNodeId())
        .setState(Foundation.State.STATE_BEGUN)
        .setLineage(status.getLineage())
        .putAllFounders(raft.founders())
        .addAllTakenPart(raft.takenPart())
        .build();
  }

  @Override
  public boolean heardOfMembership(ClusterName life, String nodeId, String leaderId) {
    return raft.heardOfMembership(life, nodeId, leaderId);
  }

  @Override
  public Optional<String> leaderId() {
    return raft.leaderId();
  }

  private NodeStatus statusNow(boolean includeStateHash) {
    return raft.status(includeStateHash).toBuilder().setReady(ready.getAsBoolean()).build();
  }
}
