package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.MemberChanges.Done;
import dev.assetmanagerd.cluster.v1.AddMemberRequest;
import dev.assetmanagerd.cluster.v1.AddMemberResponse;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.cluster.v1.PromoteMemberRequest;
import dev.assetmanagerd.cluster.v1.PromoteMemberResponse;
import dev.assetmanagerd.cluster.v1.RemoveMemberRequest;
import dev.assetmanagerd.cluster.v1.RemoveMemberResponse;
import dev.assetmanagerd.cluster.v1.ReplaceMemberRequest;
import dev.assetmanagerd.cluster.v1.ReplaceMemberResponse;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.MemberProgress;
import dev.assetmanagerd.raft.Members;
import dev.assetmanagerd.raft.Membership;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * The calls about members, as the leader answers them; other nodes have passed them on.
 * Thread-safe.
 */
public final class MemberCalls {
  private final String selfId;
  private final String clusterId;
  private final String lineage;
  private final IntSupplier formatLevel;
  private final Membership membership;
  private final MemberChanges changes;
  private final LocalNode node;
  private final NodeLinks links;
  private final LeadershipTransfer transfer;
  private final Executor executor;
  private final LongSupplier nanoClock;

  /**
   * @param lineage of the cluster; empty for the first
   * @param formatLevel of the registry, at the moment
   * @param executor may be blocked
   * @param nanoClock monotonic
   */
  public MemberCalls(
      String selfId,
      String clusterId,
      String lineage,
      IntSupplier formatLevel,
      Membership membership,
      LocalNode node,
      NodeLinks links,
      LeadershipTransfer transfer,
      Executor executor,
      LongSupplier nanoClock) {
    this.selfId = selfId;
    this.clusterId = clusterId;
    this.lineage = lineage;
    this.formatLevel = formatLevel;
    this.membership = membership;
    this.changes = new MemberChanges(clusterId, lineage, membership, links);
    this.node = node;
    this.links = links;
    this.transfer = transfer;
    this.executor = executor;
    this.nanoClock = nanoClock;
  }

  /** Full names of the methods that only the leader answers. */
  public static Set<String> leaderMethods() {
    return Set.of(
        ClusterServiceGrpc.getListMembersMethod().getFullMethodName(),
        ClusterServiceGrpc.getAddMemberMethod().getFullMethodName(),
        ClusterServiceGrpc.getPromoteMemberMethod().getFullMethodName(),
        ClusterServiceGrpc.getRemoveMemberMethod().getFullMethodName(),
        ClusterServiceGrpc.getReplaceMemberMethod().getFullMethodName());
  }

  CompletableFuture<ListMembersResponse> list(ListMembersRequest request, Deadline deadline) {
    return node.readIndex(deadline)
        .thenCompose(
            proven -> {
              Members now = membership.current();
              List<CompletableFuture<dev.assetmanagerd.cluster.v1.Member>> members =
                  now.all().stream()
                      .map(member -> described(member, request.getIncludeApplied()))
                      .toList();
              return CompletableFuture.allOf(members.toArray(CompletableFuture[]::new))
                  .thenApply(
                      done ->
                          ListMembersResponse.newBuilder()
                              .setClusterId(clusterId)
                              .setLineage(lineage)
                              .setFormatLevel(formatLevel.getAsInt())
                              .addAllMembers(members.stream().map(CompletableFuture::join).toList())
                              .setConfigurationIndex(now.index())
                              .setCommitIndex(membership.commitIndex())
                              .setChanging(!now.settled())
                              .build());
            });
  }

  CompletableFuture<AddMemberResponse> add(AddMemberRequest request, Deadline deadline) {
    long start = nanoClock.getAsLong();
    return CompletableFuture.supplyAsync(
        () -> {
          Done done =
              changes.add(
                  request.getApiAddress(), request.getNodeId(), request.getListener(), deadline);
          return AddMemberResponse.newBuilder()
              .setMember(described(done.member()))
              .setCaughtUpIndex(done.caughtUpIndex())
              .setTookMillis(millisSince(start))
              .build();
        },
        executor);
  }

  CompletableFuture<PromoteMemberResponse> promote(
      PromoteMemberRequest request, Deadline deadline) {
    long start = nanoClock.getAsLong();
    return CompletableFuture.supplyAsync(
        () ->
            PromoteMemberResponse.newBuilder()
                .setMember(described(changes.promote(request.getNodeId(), deadline)))
                .setTookMillis(millisSince(start))
                .build(),
        executor);
  }

  CompletableFuture<RemoveMemberResponse> remove(RemoveMemberRequest request, Deadline deadline) {
    if (request.getNodeId().equals(selfId)) {
      return CompletableFuture.runAsync(
              () -> changes.checkRemoval(selfId, request.getForce()), executor)
          .thenCompose(
              allowed ->
                  onSuccessor(ClusterServiceGrpc.getRemoveMemberMethod(), request, deadline));
    }
    long start = nanoClock.getAsLong();
    return CompletableFuture.supplyAsync(
        () ->
            RemoveMemberResponse.newBuilder()
                .setRemoved(changes.remove(request.getNodeId(), request.getForce(), deadline))
                .setTookMillis(millisSince(start))
                .build(),
        executor);
  }

  CompletableFuture<ReplaceMemberResponse> replace(
      ReplaceMemberRequest request, Deadline deadline) {
    if (request.getNodeId().equals(selfId) && membership.current().voters().size() > 1) {
      return onSuccessor(ClusterServiceGrpc.getReplaceMemberMethod(), request, deadline);
    }
    long start = nanoClock.getAsLong();
    return CompletableFuture.supplyAsync(
        () -> {
          Done done =
              changes.replace(
                  request.getNodeId(), request.getApiAddress(), request.getNewNodeId(), deadline);
          return ReplaceMemberResponse.newBuilder()
              .setMember(described(done.member()))
              .setCaughtUpIndex(done.caughtUpIndex())
              .setTookMillis(millisSince(start))
              .build();
        },
        executor);
  }

  /** A leader does not take itself out: it hands over, and its successor does it. */
  private <Q, S> CompletableFuture<S> onSuccessor(
      MethodDescriptor<Q, S> method, Q request, Deadline deadline) {
    return transfer
        .to("", deadline)
        .thenCompose(
            done ->
                links.callAt(
                    membership
                        .current()
                        .find(done.getLeaderId())
                        .map(leader -> leader.peer().apiAddress())
                        .orElseThrow(),
                    method,
                    request,
                    deadline));
  }

  private CompletableFuture<dev.assetmanagerd.cluster.v1.Member> described(
      Member member, boolean withApplied) {
    dev.assetmanagerd.cluster.v1.Member described = described(member);
    if (!withApplied) {
      return CompletableFuture.completedFuture(described);
    }
    CompletableFuture<Long> applied =
        member.id().equals(selfId)
            ? node.status(false).thenApply(NodeStatus::getAppliedIndex)
            : MemberChanges.applied(links, member.id());
    return applied
        .exceptionally(unreachable -> -1L)
        .thenApply(index -> described.toBuilder().setAppliedIndex(index).build());
  }

  private dev.assetmanagerd.cluster.v1.Member described(Member member) {
    MemberProgress progress = membership.progress(member.id());
    return dev.assetmanagerd.cluster.v1.Member.newBuilder()
        .setNodeId(member.id())
        .setRole(member.role())
        .setRaftAddress(member.peer().raftAddress())
        .setApiAddress(member.peer().apiAddress())
        .setLeader(member.id().equals(selfId))
        .setMatchIndex(progress.matchIndex())
        .setAppliedIndex(-1)
        .setLastContactMillis(progress.contactMillis())
        .build();
  }

  private long millisSince(long startNanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - startNanos);
  }
}
