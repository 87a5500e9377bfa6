package dev.assetmanagerd.raft;

/**
 * Which cluster, and which of its lives: what is said in another one concerns nobody here.
 *
 * @param clusterId name of the cluster
 * @param lineage as in {@link RaftNode#lineage}; may be empty
 */
public record ClusterName(String clusterId, String lineage) {}
