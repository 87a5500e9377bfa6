package dev.assetmanagerd.clustertests;

import dev.assetmanagerd.cluster.v1.AddMemberRequest;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.cluster.v1.Member;
import dev.assetmanagerd.cluster.v1.PromoteMemberRequest;
import dev.assetmanagerd.cluster.v1.RemoveMemberRequest;
import dev.assetmanagerd.cluster.v1.ReplaceMemberRequest;
import dev.assetmanagerd.cluster.v1.TransferLeadershipRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * An operator who changes the members of a cluster through whichever node answers, and repeats a
 * call that may be repeated. Thread-safe.
 */
public final class Membership {
  private static final Duration CALL_MAX = Duration.ofMinutes(5);
  private static final long PAUSE_MILLIS = 200;

  private final TestCluster cluster;

  /** Of a cluster whose nodes may come and go. */
  public Membership(TestCluster cluster) {
    this.cluster = cluster;
  }

  /** Who they are, {@code id role}, by id. */
  public List<String> roles() {
    return list().getMembersList().stream()
        .map(member -> member.getNodeId() + " " + member.getRole())
        .toList();
  }

  /** The members by the leader's word. */
  public ListMembersResponse list() {
    return call(
        stub -> stub.listMembers(ListMembersRequest.newBuilder().setIncludeApplied(true).build()));
  }

  /** Adds a node that runs and waits; returns it as a member. */
  public Member add(Node node, boolean listener) {
    AddMemberRequest request =
        AddMemberRequest.newBuilder()
            .setApiAddress(node.apiAddress())
            .setNodeId(node.id())
            .setListener(listener)
            .build();
    return call(stub -> stub.addMember(request)).getMember();
  }

  /** Makes a listener a voter. */
  public Member promote(Node node) {
    PromoteMemberRequest request = PromoteMemberRequest.newBuilder().setNodeId(node.id()).build();
    return call(stub -> stub.promoteMember(request)).getMember();
  }

  /** Ends a membership. */
  public boolean remove(Node node) {
    RemoveMemberRequest request = RemoveMemberRequest.newBuilder().setNodeId(node.id()).build();
    return call(stub -> stub.removeMember(request)).getRemoved();
  }

  /** Puts one node in another one's place. */
  public Member replace(Node old, Node by) {
    ReplaceMemberRequest request =
        ReplaceMemberRequest.newBuilder()
            .setNodeId(old.id())
            .setApiAddress(by.apiAddress())
            .build();
    return call(stub -> stub.replaceMember(request)).getMember();
  }

  /** Hands leadership to any other node; returns how long that took, by the node's word. */
  public Duration transfer() {
    return Duration.ofMillis(
        call(stub -> stub.transferLeadership(TransferLeadershipRequest.getDefaultInstance()))
            .getTookMillis());
  }

  private <T> T call(Function<ClusterServiceBlockingStub, T> call) {
    long giveUp = System.nanoTime() + CALL_MAX.toNanos();
    while (true) {
      for (Node node : cluster.responsive()) {
        try {
          return call.apply(
              ClusterServiceGrpc.newBlockingStub(node.failFastChannel())
                  .withDeadlineAfter(CALL_MAX.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
          if (!worthRepeating(e.getStatus().getCode()) || System.nanoTime() - giveUp > 0) {
            throw e;
          }
          System.out.println("asked " + node + ": " + e.getMessage());
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS));
    }
  }

  private static boolean worthRepeating(Status.Code code) {
    return code == Status.Code.UNAVAILABLE
        || code == Status.Code.ABORTED
        || code == Status.Code.DEADLINE_EXCEEDED;
  }
}
