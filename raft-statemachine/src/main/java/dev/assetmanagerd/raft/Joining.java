package dev.assetmanagerd.raft;

/**
 * That a node has no part in founding the cluster: it starts alone, votes in nothing, and waits for
 * the cluster to add it.
 *
 * @param lineage of the cluster, as a member told it; empty for the first
 * @param behind index up to which the cluster's log was committed when it was asked, the node not
 *     being a member. Configurations up to there are of the past, and may know the node from an
 *     earlier time; -1 where nothing is known
 */
public record Joining(String lineage, long behind) {}
