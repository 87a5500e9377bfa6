package dev.assetmanagerd.raft;

import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.Deadline;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds read indexes on any node, from the leader wherever it is. All readers that wait share one
 * question; who comes while one is under way takes part in the next, for an answer only covers what
 * was acknowledged before it was asked for.
 *
 * <p>Thread-safe.
 */
final class ReadBarrier {
  private static final int WAITERS_MAX = 65_536;
  private static final long BACKOFF_MILLIS_MIN = 5;
  private static final long BACKOFF_MILLIS_MAX = 100;

  private final RaftView raft;
  private final LeaderReads leaderReads;
  private final PeerLink link;
  private final Timers timers;
  private final Executor executor;
  private final long attemptMillis;

  private @Nullable Round current;
  private @Nullable Round next;
  private int waiting;
  private boolean closed;

  /** Readers that share one question. */
  private static final class Round {
    final CompletableFuture<Long> index = new CompletableFuture<>();
    Deadline latest;
    int attempts;

    Round(Deadline deadline) {
      latest = deadline;
    }
  }

  /**
   * @param attemptMillis how long one attempt at the leader may take before another is made
   */
  ReadBarrier(
      RaftView raft,
      LeaderReads leaderReads,
      PeerLink link,
      Timers timers,
      Executor executor,
      long attemptMillis) {
    this.raft = raft;
    this.leaderReads = leaderReads;
    this.link = link;
    this.timers = timers;
    this.executor = executor;
    this.attemptMillis = attemptMillis;
  }

  /** A read index for a read that starts now. Fails with {@link ClusterUnavailableException}. */
  CompletableFuture<Long> readIndex(Deadline deadline) {
    long leased = leaderReads.readIndexByLease();
    if (leased >= 0) {
      return CompletableFuture.completedFuture(leased);
    }
    Round joined;
    boolean start = false;
    synchronized (this) {
      if (closed) {
        return CompletableFuture.failedFuture(stopping());
      }
      if (waiting >= WAITERS_MAX) {
        return CompletableFuture.failedFuture(
            new ClusterUnavailableException(
                Reason.OVERLOADED, false, WAITERS_MAX + " reads wait for the leader"));
      }
      waiting++;
      if (current == null) {
        current = joined = new Round(deadline);
        start = true;
      } else if (next == null) {
        next = joined = new Round(deadline);
      } else {
        joined = next;
        joined.latest = joined.latest.isBefore(deadline) ? deadline : joined.latest;
      }
    }
    CompletableFuture<Long> mine = joined.index.copy();
    var unused = mine.whenComplete((index, failure) -> left());
    if (start) {
      attempt(joined);
    }
    return timers.bound(mine, deadline, this::tooLate);
  }

  /** Fails everybody who waits. */
  void close() {
    Round first;
    Round second;
    synchronized (this) {
      closed = true;
      first = current;
      second = next;
    }
    if (first != null) {
      first.index.completeExceptionally(stopping());
    }
    if (second != null) {
      second.index.completeExceptionally(stopping());
    }
  }

  private synchronized void left() {
    waiting--;
  }

  private void attempt(Round round) {
    if (round.index.isDone()) {
      finish(round);
      return;
    }
    Deadline limit = Deadline.after(attemptMillis, TimeUnit.MILLISECONDS).minimum(latest(round));
    CompletableFuture<Long> answer = timers.bound(ask(limit), limit, this::tooLate);
    var unused =
        answer.whenComplete(
            (index, failure) -> {
              if (failure == null) {
                round.index.complete(index);
                finish(round);
              } else {
                retry(round);
              }
            });
  }

  private CompletableFuture<Long> ask(Deadline limit) {
    if (raft.leading()) {
      return leaderReads.readIndex();
    }
    String leader = raft.leaderId();
    if (leader == null) {
      return CompletableFuture.failedFuture(new NotLeaderException(null));
    }
    // A copy: the bound put on it must not complete a future that belongs to the link.
    return link.readIndex(leader, limit).copy();
  }

  private void retry(Round round) {
    if (latest(round).isExpired()) {
      round.index.completeExceptionally(tooLate());
      finish(round);
      return;
    }
    long delay = Math.min(BACKOFF_MILLIS_MIN << Math.min(round.attempts, 10), BACKOFF_MILLIS_MAX);
    round.attempts++;
    timers.after(delay, () -> attempt(round));
  }

  private void finish(Round round) {
    Round following;
    synchronized (this) {
      if (current != round) {
        return;
      }
      following = next;
      current = following;
      next = null;
    }
    if (following != null) {
      executor.execute(() -> attempt(following)); // not here: rounds would pile up on the stack
    }
  }

  private synchronized Deadline latest(Round round) {
    return round.latest;
  }

  private ClusterUnavailableException tooLate() {
    String leader = raft.leaderId();
    return leader == null
        ? new ClusterUnavailableException(
            Reason.NO_LEADER, false, "no leader was known before the deadline")
        : new ClusterUnavailableException(
            Reason.DEADLINE, false, "leader " + leader + " did not confirm before the deadline");
  }

  private static ClusterUnavailableException stopping() {
    return new ClusterUnavailableException(Reason.STOPPING, false, "this node is stopping");
  }
}
