/**
 * The registry: assets, labels and leases in one SQLite database, and the rules that change them.
 *
 * <p>Here live the schema and its migrations, the applier that turns a {@link
 * dev.assetmanagerd.log.v1.LogEntry} into {@link dev.assetmanagerd.log.v1.Outcome}s, the queries,
 * and the state hash. Nothing here may know Ratis, ask for the time, draw a random number, or touch
 * the network: the same entries applied in the same order give the same database, on every node and
 * in every replay.
 */
@NullMarked
package dev.assetmanagerd.registry;

import org.jspecify.annotations.NullMarked;
