package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.GetClusterStatusRequest;
import dev.assetmanagerd.cluster.v1.GetClusterStatusResponse;
import dev.assetmanagerd.cluster.v1.TransferLeadershipRequest;
import dev.assetmanagerd.cluster.v1.TransferLeadershipResponse;
import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.PeerSpec;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Answers operators, on any node, for the whole cluster. */
public final class ClusterGrpcService extends ClusterServiceGrpc.ClusterServiceImplBase {
  /** A node that takes longer to say how it is counts as unreachable. */
  private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(2);

  /** The same where it has to read its whole registry first. */
  private static final Duration STATE_HASH_TIMEOUT = Duration.ofSeconds(30);

  private final String clusterId;
  private final PeerSpec self;
  private final List<PeerSpec> members;
  private final LocalNode node;
  private final NodeLinks links;
  private final LeadershipTransfer transfer;

  /**
   * @param members all members, {@code self} included
   */
  public ClusterGrpcService(
      String clusterId,
      PeerSpec self,
      List<PeerSpec> members,
      LocalNode node,
      NodeLinks links,
      LeadershipTransfer transfer) {
    this.clusterId = clusterId;
    this.self = self;
    this.members = List.copyOf(members);
    this.node = node;
    this.links = links;
    this.transfer = transfer;
  }

  @Override
  public void getClusterStatus(
      GetClusterStatusRequest request, StreamObserver<GetClusterStatusResponse> reply) {
    List<CompletableFuture<NodeStatus>> statuses =
        members.stream().map(member -> status(member, request.getIncludeStateHash())).toList();
    Replies.send(
        CompletableFuture.allOf(statuses.toArray(CompletableFuture[]::new))
            .thenApply(done -> response(statuses.stream().map(CompletableFuture::join).toList())),
        reply);
  }

  @Override
  public void transferLeadership(
      TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> reply) {
    String target = request.getNodeId();
    if (!target.isEmpty() && members.stream().noneMatch(member -> member.id().equals(target))) {
      reply.onError(
          Status.INVALID_ARGUMENT
              .withDescription(
                  "node_id: %s is not a member; the members are %s"
                      .formatted(
                          target, String.join(", ", members.stream().map(PeerSpec::id).toList())))
              .asRuntimeException());
      return;
    }
    Replies.send(transfer.to(target, Replies.deadline()), reply);
  }

  /** How a member is; never fails. */
  private CompletableFuture<NodeStatus> status(PeerSpec member, boolean includeStateHash) {
    Duration timeout = includeStateHash ? STATE_HASH_TIMEOUT : STATUS_TIMEOUT;
    CompletableFuture<NodeStatus> status =
        member.id().equals(self.id())
            ? node.status(includeStateHash).orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
            : links.status(
                member.id(),
                GetNodeStatusRequest.newBuilder().setIncludeStateHash(includeStateHash).build(),
                Deadline.after(timeout.toMillis(), TimeUnit.MILLISECONDS));
    return status.exceptionally(failure -> unreachable(member, NodeErrors.unwrap(failure)));
  }

  private static NodeStatus unreachable(PeerSpec member, Throwable failure) {
    String message = failure.getMessage();
    return NodeStatus.newBuilder()
        .setNodeId(member.id())
        .setRole("unreachable")
        .setApiAddress(member.apiAddress())
        .setRaftAddress(member.raftAddress())
        .setError(message == null ? failure.toString() : message)
        .build();
  }

  private GetClusterStatusResponse response(List<NodeStatus> nodes) {
    return GetClusterStatusResponse.newBuilder()
        .setClusterId(clusterId)
        .setLeader(leader(nodes))
        .addAllNodes(nodes)
        .build();
  }

  /** An old leader may not know yet that it is one, so the latest term decides. */
  private static String leader(List<NodeStatus> nodes) {
    return nodes.stream()
        .filter(status -> status.getRole().equals("leader"))
        .max(Comparator.comparingLong(NodeStatus::getTerm))
        .map(NodeStatus::getApiAddress)
        .orElse("");
  }
}
