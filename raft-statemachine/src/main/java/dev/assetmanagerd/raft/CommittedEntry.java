package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.registry.LogPosition;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.Message;
import org.jspecify.annotations.Nullable;

/**
 * A committed entry that waits to be applied.
 *
 * @param entry null for entries of Ratis's own, which only move the position
 * @param bytes its size in the log
 * @param proposal set where this node proposed it and somebody here waits for the outcomes
 * @param done completed once the transaction that holds it is committed
 */
record CommittedEntry(
    LogPosition position,
    @Nullable LogEntry entry,
    int bytes,
    @Nullable ProposedEntry proposal,
    CompletableFuture<Message> done) {}
