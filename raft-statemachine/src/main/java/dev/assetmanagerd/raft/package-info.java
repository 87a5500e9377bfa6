/**
 * The adapter between Apache Ratis and the registry, and the ways in and out of it: proposing
 * commands, waiting for a linearizable read point, leadership, snapshots, status.
 *
 * <p>No business rule may live here; those are in {@link dev.assetmanagerd.registry}. Nor may HTTP,
 * environment variables or blob storage be known here.
 */
@NullMarked
package dev.assetmanagerd.raft;

import org.jspecify.annotations.NullMarked;
