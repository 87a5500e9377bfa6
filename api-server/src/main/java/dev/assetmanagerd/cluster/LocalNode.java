package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.raft.ClusterName;
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

  /** What hashing this node's registry for a check of the replicas has come to. */
  ReplicaHash replicaHash(String checkId);

  /**
   * Marks this node's data as damaged and ends its part in the cluster.
   *
   * @param reason for people
   */
  void quarantine(String reason);

  /** With whom this node has founded its cluster, if it has. */
  CompletableFuture<Foundation> foundation();

  /**
   * Hears that this node is a member in another life of its cluster; see {@link
   * dev.assetmanagerd.raft.RaftNode#heardOfMembership}.
   *
   * @return whether that is so, and this node stops
   */
  boolean heardOfMembership(ClusterName life, String nodeId, String leaderId);

  /** Who leads, as far as this node knows. */
  Optional<String> leaderId();
}
