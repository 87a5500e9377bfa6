package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Outcome;

/**
 * What became of a command.
 *
 * @param outcome the reply of the state machine
 * @param index log index of the entry that carried the command
 */
public record Committed(Outcome outcome, long index) {}
