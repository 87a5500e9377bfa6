package dev.assetmanagerd.raft;

/**
 * How far a member is, as the leader sees it.
 *
 * @param matchIndex last log entry that it is known to have; -1 while none is
 * @param contactMillis milliseconds since it last answered; -1 when it has not, in this leader's
 *     time; 0 for the leader itself
 */
public record MemberProgress(long matchIndex, long contactMillis) {}
