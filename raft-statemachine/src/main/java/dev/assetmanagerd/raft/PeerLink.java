package dev.assetmanagerd.raft;

import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import io.grpc.Deadline;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * How a follower reaches the leader, beside Raft. The transport behind it is not known here.
 *
 * <p>Futures fail with {@link NotLeaderException} when the node asked does not lead, and with
 * {@link ClusterUnavailableException} otherwise, its {@code outcomeUnknown} false only where the
 * request certainly did not arrive. Thread-safe, non-blocking.
 */
public interface PeerLink {
  /** Hands commands to a node that is believed to lead. */
  CompletableFuture<ProposeResponse> propose(
      String nodeId, ProposeRequest request, Deadline deadline);

  /** Asks a node that is believed to lead for a read index. */
  CompletableFuture<Long> readIndex(String nodeId, Deadline deadline);

  /**
   * Asks a node, whichever it is, whether the cluster has a member of that id by the word of its
   * leader. Fails where the leader could not be asked, and where the one that answered leads
   * another cluster, or another life of this one: it cannot know.
   */
  CompletableFuture<Boolean> isMember(
      String nodeId, ClusterName cluster, String memberId, Deadline deadline);

  /** Told who the other members are, at the start and whenever they change. */
  void others(List<PeerSpec> others);
}
