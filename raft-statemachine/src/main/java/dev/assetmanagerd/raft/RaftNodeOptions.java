package dev.assetmanagerd.raft;

import static java.util.stream.Collectors.toSet;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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
 * @param tls of the connections between members; empty for none
 * @param joining there when a node that has no data yet is to be added to a cluster; it then is the
 *     only one of {@code peers}. No matter once it has
 * @param founding there when a node that has no data yet founds a cluster with {@code peers}, all
 *     of whose directories are known. No matter once it has data
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
    String version,
    Optional<RaftTls> tls,
    Optional<Joining> joining,
    Optional<Founding> founding) {
  public RaftNodeOptions {
    peers = List.copyOf(peers);
  }

  /**
   * A node that has data, or founds its cluster together with the other {@code peers}. In the
   * latter case nothing tells its empty directory from that of a node that has lost its data,
   * unless {@link #founding} follows.
   */
  public RaftNodeOptions(
      String nodeId,
      String clusterId,
      List<PeerSpec> peers,
      String raftBindHost,
      Path dataDirectory,
      Duration electionTimeoutMin,
      Duration electionTimeoutMax,
      long snapshotThreshold,
      String version) {
    this(
        nodeId,
        clusterId,
        peers,
        raftBindHost,
        dataDirectory,
        electionTimeoutMin,
        electionTimeoutMax,
        snapshotThreshold,
        version,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The same node, its connections secured, or not where this is empty. */
  public RaftNodeOptions secured(Optional<RaftTls> security) {
    return new RaftNodeOptions(
        nodeId,
        clusterId,
        peers,
        raftBindHost,
        dataDirectory,
        electionTimeoutMin,
        electionTimeoutMax,
        snapshotThreshold,
        version,
        security,
        joining,
        founding);
  }

  /**
   * The same node, founding a cluster with these directories.
   *
   * @throws IllegalArgumentException when they are not those of {@code peers}
   */
  public RaftNodeOptions founding(Founding all) {
    if (!all.founders().keySet().equals(peers.stream().map(PeerSpec::id).collect(toSet()))) {
      throw new IllegalArgumentException(all + " is not founded by " + peers);
    }
    return new RaftNodeOptions(
        nodeId,
        clusterId,
        peers,
        raftBindHost,
        dataDirectory,
        electionTimeoutMin,
        electionTimeoutMax,
        snapshotThreshold,
        version,
        tls,
        Optional.empty(),
        Optional.of(all));
  }

  /** The same node, to be added to a cluster. */
  public RaftNodeOptions joining(Joining cluster) {
    return new RaftNodeOptions(
        nodeId,
        clusterId,
        List.of(self()),
        raftBindHost,
        dataDirectory,
        electionTimeoutMin,
        electionTimeoutMax,
        snapshotThreshold,
        version,
        tls,
        Optional.of(cluster),
        Optional.empty());
  }

  /** This node's own entry of {@link #peers}. */
  public PeerSpec self() {
    return peers.stream()
        .filter(peer -> peer.id().equals(nodeId))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(nodeId + " is not one of " + peers));
  }
}
