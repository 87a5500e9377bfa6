package dev.assetmanagerd.cluster;

import com.google.common.collect.Sets;
import dev.assetmanagerd.cluster.v1.AddMemberRequest;
import dev.assetmanagerd.cluster.v1.AddMemberResponse;
import dev.assetmanagerd.cluster.v1.CheckClusterRequest;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.GetClusterStatusRequest;
import dev.assetmanagerd.cluster.v1.GetClusterStatusResponse;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.cluster.v1.PromoteMemberRequest;
import dev.assetmanagerd.cluster.v1.PromoteMemberResponse;
import dev.assetmanagerd.cluster.v1.RemoveMemberRequest;
import dev.assetmanagerd.cluster.v1.RemoveMemberResponse;
import dev.assetmanagerd.cluster.v1.ReplaceMemberRequest;
import dev.assetmanagerd.cluster.v1.ReplaceMemberResponse;
import dev.assetmanagerd.cluster.v1.TransferLeadershipRequest;
import dev.assetmanagerd.cluster.v1.TransferLeadershipResponse;
import dev.assetmanagerd.cluster.v1.UpgradeClusterRequest;
import dev.assetmanagerd.cluster.v1.UpgradeClusterResponse;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.PeerSpec;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Answers operators, on any node, for the whole cluster. */
public final class ClusterGrpcService extends ClusterServiceGrpc.ClusterServiceImplBase {
  /** A change of the members whose caller has set no deadline. */
  private static final Duration CHANGE_TIMEOUT = Duration.ofMinutes(10);

  private final String clusterId;
  private final Supplier<List<PeerSpec>> members;
  private final MemberStatuses statuses;
  private final LeadershipTransfer transfer;
  private final FormatUpgrade upgrade;
  private final MemberCalls memberCalls;
  private final ReplicaCheck check;

  /**
   * @param members all members at the moment, this node included where it is one
   */
  public ClusterGrpcService(
      String clusterId,
      Supplier<List<PeerSpec>> members,
      MemberStatuses statuses,
      LeadershipTransfer transfer,
      FormatUpgrade upgrade,
      MemberCalls memberCalls,
      ReplicaCheck check) {
    this.clusterId = clusterId;
    this.members = members;
    this.statuses = statuses;
    this.transfer = transfer;
    this.upgrade = upgrade;
    this.memberCalls = memberCalls;
    this.check = check;
  }

  /** Full names of the methods that the leader has to answer. */
  public static Set<String> leaderMethods() {
    return Sets.union(
        MemberCalls.leaderMethods(),
        Set.of(
            ClusterServiceGrpc.getUpgradeClusterMethod().getFullMethodName(),
            ClusterServiceGrpc.getCheckClusterMethod().getFullMethodName()));
  }

  @Override
  public void checkCluster(
      CheckClusterRequest request, StreamObserver<CheckClusterResponse> reply) {
    Replies.send(check.run(), reply);
  }

  @Override
  public void upgradeCluster(
      UpgradeClusterRequest request, StreamObserver<UpgradeClusterResponse> reply) {
    Replies.send(upgrade.upgrade(Replies.deadline()), reply);
  }

  @Override
  public void getClusterStatus(
      GetClusterStatusRequest request, StreamObserver<GetClusterStatusResponse> reply) {
    Replies.send(statuses.ask(request.getIncludeStateHash()).thenApply(this::response), reply);
  }

  @Override
  public void transferLeadership(
      TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> reply) {
    String target = request.getNodeId();
    List<PeerSpec> all = members.get();
    if (!target.isEmpty() && all.stream().noneMatch(member -> member.id().equals(target))) {
      reply.onError(
          Status.INVALID_ARGUMENT
              .withDescription(
                  "node_id: %s is not a member; the members are %s"
                      .formatted(
                          target, String.join(", ", all.stream().map(PeerSpec::id).toList())))
              .asRuntimeException());
      return;
    }
    Replies.send(transfer.to(target, Replies.deadline()), reply);
  }

  @Override
  public void listMembers(ListMembersRequest request, StreamObserver<ListMembersResponse> reply) {
    Replies.send(memberCalls.list(request, Replies.deadline()), reply);
  }

  @Override
  public void addMember(AddMemberRequest request, StreamObserver<AddMemberResponse> reply) {
    Replies.send(memberCalls.add(request, deadlineOfChange()), reply);
  }

  @Override
  public void promoteMember(
      PromoteMemberRequest request, StreamObserver<PromoteMemberResponse> reply) {
    Replies.send(memberCalls.promote(request, deadlineOfChange()), reply);
  }

  @Override
  public void removeMember(
      RemoveMemberRequest request, StreamObserver<RemoveMemberResponse> reply) {
    Replies.send(memberCalls.remove(request, deadlineOfChange()), reply);
  }

  @Override
  public void replaceMember(
      ReplaceMemberRequest request, StreamObserver<ReplaceMemberResponse> reply) {
    Replies.send(memberCalls.replace(request, deadlineOfChange()), reply);
  }

  private static Deadline deadlineOfChange() {
    return Replies.deadline(CHANGE_TIMEOUT);
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
