package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import io.grpc.Deadline;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What this node's own member of the cluster is asked by others. Thread-safe, non-blocking.
 *
 * <p>Futures fail with {@link dev.assetmanagerd.raft.NotLeaderException} where the node has to lead
 * and does not, else with {@link dev.assetmanagerd.raft.ClusterUnavailableException}.
 */
public interface LocalNode {
  /** Has commands applied; this node has to lead. */
  CompletableFuture<ProposeResponse> propose(ProposeRequest request, Deadline deadline);

  /** A read index; this node has to lead. */
  CompletableFuture<Long> readIndex(Deadline deadline);

  /**
   * How this node is.
   *
   * @param includeStateHash also reads the whole registry
   */
  CompletableFuture<NodeStatus> status(boolean includeStateHash);

  /**
   * Makes another member lead; this node has to lead until then.
   *
   * @param nodeId which; empty for any
   */
  CompletableFuture<Void> handOverLeadership(Optional<String> nodeId, Deadline deadline);

  /** Who leads, as far as this node knows. */
  Optional<String> leaderId();
}
