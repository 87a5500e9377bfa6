package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.PeerSpec;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Asks the members how they are. Thread-safe. */
public final class MemberStatuses {
  /** Role of a member that did not answer. */
  static final String UNREACHABLE = "unreachable";

  /** A node that takes longer to say how it is counts as unreachable. */
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  /** The same where it has to read its whole registry first. */
  private static final Duration STATE_HASH_TIMEOUT = Duration.ofSeconds(30);

  private final String selfId;
  private final Supplier<List<PeerSpec>> members;
  private final LocalNode node;
  private final NodeLinks links;

  /**
   * @param members all members, this node included, as of now
   */
  public MemberStatuses(
      String selfId, Supplier<List<PeerSpec>> members, LocalNode node, NodeLinks links) {
    this.selfId = selfId;
    this.members = members;
    this.node = node;
    this.links = links;
  }

  /** How every member is, in the order of the members; never fails. */
  CompletableFuture<List<NodeStatus>> ask(boolean includeStateHash) {
    List<CompletableFuture<NodeStatus>> statuses =
        members.get().stream().map(member -> ask(member, includeStateHash)).toList();
    return CompletableFuture.allOf(statuses.toArray(CompletableFuture[]::new))
        .thenApply(done -> statuses.stream().map(CompletableFuture::join).toList());
  }

  private CompletableFuture<NodeStatus> ask(PeerSpec member, boolean includeStateHash) {
    Duration timeout = includeStateHash ? STATE_HASH_TIMEOUT : TIMEOUT;
    CompletableFuture<NodeStatus> status =
        member.id().equals(selfId)
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
        .setRole(UNREACHABLE)
        .setApiAddress(member.apiAddress())
        .setRaftAddress(member.raftAddress())
        .setError(message == null ? failure.toString() : message)
        .build();
  }
}
