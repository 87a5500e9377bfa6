package dev.assetmanagerd.raft;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How old this node's registry may be. On a follower: looks regularly at what the leader has
 * announced as committed, and remembers when it did once that is applied. Thread-safe.
 */
final class Freshness {
  private static final Duration NEVER = Duration.ofDays(365 * 100);

  /** The leader announced {@code commitIndex} at {@code nanos} at the earliest. */
  private record Announced(long commitIndex, long nanos) {}

  private final RaftView raft;
  private final LeaderReads leaderReads;
  private final AppliedIndex applied;
  private final LongSupplier nanoTime;
  private @Nullable Announced fresh;
  private @Nullable Announced awaited;

  Freshness(RaftView raft, LeaderReads leaderReads, AppliedIndex applied, LongSupplier nanoTime) {
    this.raft = raft;
    this.leaderReads = leaderReads;
    this.applied = applied;
    this.nanoTime = nanoTime;
  }

  /** To be called a few times a second, and before every answer. */
  synchronized void observe() {
    long now = nanoTime.getAsLong();
    Announced latest = latest(now);
    if (latest != null && applied.get() >= latest.commitIndex()) {
      fresh = latest;
      awaited = null;
      return;
    }
    if (awaited != null && applied.get() >= awaited.commitIndex()) {
      fresh = awaited;
      awaited = latest;
    } else if (awaited == null) {
      awaited = latest;
    }
  }

  Duration staleness() {
    observe();
    synchronized (this) {
      Announced known = fresh;
      return known == null
          ? NEVER
          : Duration.ofNanos(Math.max(0, nanoTime.getAsLong() - known.nanos()));
    }
  }

  private @Nullable Announced latest(long now) {
    if (raft.leading()) {
      return leaderReads.holdsLease() ? new Announced(raft.commitIndex(), now) : null;
    }
    // The commit index first: it may only be older than the time that goes with it.
    long commitIndex = raft.commitIndex();
    long elapsedMillis = raft.millisSinceLeader();
    return elapsedMillis < 0
        ? null
        : new Announced(commitIndex, now - TimeUnit.MILLISECONDS.toNanos(elapsedMillis));
  }
}
