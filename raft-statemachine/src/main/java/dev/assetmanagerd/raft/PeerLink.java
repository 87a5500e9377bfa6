package dev.assetmanagerd.raft;

import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import io.grpc.Deadline;
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
}
