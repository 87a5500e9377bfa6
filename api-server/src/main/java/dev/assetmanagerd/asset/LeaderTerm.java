package dev.assetmanagerd.asset;

import dev.assetmanagerd.raft.LeadershipListener;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The term in which this node leads, as the duties of the leader see it. What rests on it alone may
 * be done a moment too late; what must not be carries the term into the log. Thread-safe.
 */
final class LeaderTerm implements LeadershipListener {
  private static final long NOT_LEADING = -1;

  private final AtomicLong term = new AtomicLong(NOT_LEADING);

  @Override
  public void onLeaderReady(long term) {
    this.term.set(term);
  }

  @Override
  public void onLeadershipLost() {
    term.set(NOT_LEADING);
  }

  /** The term; empty when this node does not lead. */
  OptionalLong current() {
    long now = term.get();
    return now == NOT_LEADING ? OptionalLong.empty() : OptionalLong.of(now);
  }

  /** Whether this node still leads in that term. */
  boolean holds(long term) {
    return this.term.get() == term;
  }

  /** The term, for a call that only the leader can answer. */
  long required() {
    return current()
        .orElseThrow(
            () ->
                ApiErrors.unchanged("this node does not lead, or only just began; try again soon"));
  }
}
