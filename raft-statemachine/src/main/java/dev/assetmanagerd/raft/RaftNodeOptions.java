package dev.assetmanagerd.raft;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How one node takes part in the cluster.
 *
 * @param nodeId which of {@code peers} this node is
 * @param clusterId name of the cluster; nodes of another one are refused
 * @param peers all members, this node included; 1, 3 or 5 of them in practice
 * @param raftBindHost address that the Raft server listens on
 * @param dataDirectory holds {@code raft/}, {@code db/} and {@code node.json}
 * @param electionTimeoutMin a follower waits at least this long without a leader before it stands
 * @param electionTimeoutMax and at most this long
 * @param snapshotThreshold entries applied since the last snapshot that make the next one due
 * @param version of the program, for the status
 */
public record RaftNodeOptions(
    String nodeId,
    String clusterId,
    List<PeerSpec> peers,
    String raftBindHost,
    Path dataDirectory,
    Duration electionTimeoutMin,
    Duration electionTimeoutMax,
    long snapshotThreshold,
    String version) {
  public RaftNodeOptions {
    peers = List.copyOf(peers);
  }

  /** This node's own entry of {@link #peers}. */
  public PeerSpec self() {
    return peers.stream()
        .filter(peer -> peer.id().equals(nodeId))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(nodeId + " is not one of " + peers));
  }
}
