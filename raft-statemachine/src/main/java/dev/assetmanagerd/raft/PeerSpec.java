package dev.assetmanagerd.raft;

/**
 * One member of the cluster.
 *
 * @param id node id, unique in the cluster
 * @param raftAddress host:port of its Raft server
 * @param apiAddress host:port of its API
 */
public record PeerSpec(String id, String raftAddress, String apiAddress) {}
