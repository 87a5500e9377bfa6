package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Deadline;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/** A node that answers what a test tells it to. */
final class FakeNode implements LocalNode {
  final AtomicReference<String> leader = new AtomicReference<>();
  volatile CompletableFuture<ProposeResponse> proposed = new CompletableFuture<>();
  final Queue<ProposeRequest> proposals = new ConcurrentLinkedQueue<>();
  volatile CompletableFuture<Long> index = new CompletableFuture<>();
  volatile CompletableFuture<NodeStatus> status = new CompletableFuture<>();
  volatile CompletableFuture<Void> handedOver = new CompletableFuture<>();
  volatile ReplicaHash replicaHash =
      ReplicaHash.newBuilder().setState(ReplicaHash.State.STATE_UNKNOWN).build();
  volatile String lastCheckId = "";
  volatile Optional<String> quarantined = Optional.empty();
  volatile Optional<String> handedOverTo = Optional.empty();
  volatile Deadline lastDeadline = Deadline.after(0, java.util.concurrent.TimeUnit.SECONDS);

  @Override
  public CompletableFuture<ProposeResponse> propose(ProposeRequest request, Deadline deadline) {
    lastDeadline = deadline;
    proposals.add(request);
    return proposed;
  }

  @Override
  public CompletableFuture<Long> readIndex(Deadline deadline) {
    lastDeadline = deadline;
    return index;
  }

  @Override
  public CompletableFuture<NodeStatus> status(boolean includeStateHash) {
    return status;
  }

  @Override
  public CompletableFuture<Void> handOverLeadership(Optional<String> nodeId, Deadline deadline) {
    handedOverTo = nodeId;
    return handedOver;
  }

  /** A check of the replicas in which this node is the only member. */
  ReplicaCheck aloneChecked() {
    return new ReplicaCheck(
        "alone",
        List::of,
        this,
        new NodeLinks(List.of(), ChannelSecurity.PLAIN),
        Runnable::run,
        System::nanoTime);
  }

  @Override
  public ReplicaHash replicaHash(String checkId) {
    lastCheckId = checkId;
    return replicaHash;
  }

  @Override
  public void quarantine(String reason) {
    quarantined = Optional.of(reason);
  }

  @Override
  public CompletableFuture<Foundation> foundation() {
    return CompletableFuture.completedFuture(Foundation.getDefaultInstance());
  }

  @Override
  public boolean heardOfMembership(ClusterName life, String nodeId, String leaderId) {
    return false;
  }

  @Override
  public Optional<String> leaderId() {
    return Optional.ofNullable(leader.get());
  }
}
