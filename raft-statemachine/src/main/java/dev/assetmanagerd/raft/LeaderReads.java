package dev.assetmanagerd.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Read indexes on the leader: an index such that a replica that has applied it sees every write
 * acknowledged, and every value read anywhere, before the question was asked.
 *
 * <p>That is the commit index, provided that nobody else leads. Two proofs of that are accepted:
 *
 * <ul>
 *   <li>a majority accepted an append or heartbeat made after the question: always valid;
 *   <li>a majority accepted one made less than a lease ago: valid because voters refuse a pre-vote
 *       for {@code timeout.min} after they heard a leader, and a lease is shorter. Not while this
 *       node hands its leadership over, for then voters do not refuse; and not until contact has
 *       been unbroken for an election timeout, for a candidate may have collected its pre-votes
 *       before contact came back.
 * </ul>
 *
 * <p>The lease is counted in monotonic time from the making of the request, so neither a paused
 * process nor a wrong wall clock is fooled; a suspended machine whose monotonic clock stands still
 * would be.
 *
 * <p>Ratis's own linearizable reads are not used: they prove leadership once per commit index.
 *
 * <p>Thread-safe.
 */
final class LeaderReads {
  /** A question that the lease could not answer. */
  private record Waiter(long askedNanos, CompletableFuture<Long> index) {}

  private static final int WAITERS_MAX = 65_536;

  private final RaftView raft;
  private final LeadershipEvidence evidence;
  private final Executor executor;
  private final long leaseNanos;
  private final long settleNanos;
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  private boolean closed;
  private volatile boolean leaseSuspended;

  LeaderReads(
      RaftView raft,
      LeadershipEvidence evidence,
      Executor executor,
      long leaseNanos,
      long settleNanos) {
    this.raft = raft;
    this.evidence = evidence;
    this.executor = executor;
    this.leaseNanos = leaseNanos;
    this.settleNanos = settleNanos;
  }

  /**
   * Asks for a read index. The caller bounds the wait by completing the future itself. Fails with
   * {@link NotLeaderException} when this node does not lead, or ceases to.
   */
  CompletableFuture<Long> readIndex() {
    long askedNanos = System.nanoTime();
    if (!raft.leading()) {
      return CompletableFuture.failedFuture(new NotLeaderException(raft.leaderId()));
    }
    long index = readIndexByLease();
    return index >= 0
        ? CompletableFuture.completedFuture(index)
        : ask(new Waiter(askedNanos, new CompletableFuture<>()));
  }

  /** A read index that the lease vouches for; -1 where only asking the followers helps. */
  long readIndexByLease() {
    long now = System.nanoTime();
    return leaseSuspended ? -1 : confirmed(now - leaseNanos, now - settleNanos);
  }

  /** While leadership is being handed over, every read is proven anew. */
  void suspendLease(boolean suspended) {
    leaseSuspended = suspended;
  }

  /**
   * As {@link #readIndex()}, for a follower, which is also told that the index is committed: it
   * would wait for that.
   */
  CompletableFuture<Long> readIndexForFollower() {
    return readIndex()
        .thenApply(
            index -> {
              evidence.announceCommit(index);
              return index;
            });
  }

  /** Fails whoever waits, now and later. */
  void close() {
    List<Waiter> left;
    synchronized (waiters) {
      closed = true;
      left = List.copyOf(waiters);
      waiters.clear();
    }
    left.forEach(waiter -> waiter.index().completeExceptionally(stopping()));
  }

  private static ClusterUnavailableException stopping() {
    return new ClusterUnavailableException(
        ClusterUnavailableException.Reason.STOPPING, false, "this node is stopping");
  }

  /** Whether a majority takes this node for the leader, as far as is known without asking. */
  boolean holdsLease() {
    long now = System.nanoTime();
    return raft.leading()
        && evidence.majoritySince(raft.members(), raft.selfId(), now - leaseNanos);
  }

  private CompletableFuture<Long> ask(Waiter waiter) {
    synchronized (waiters) {
      if (closed) {
        return CompletableFuture.failedFuture(stopping());
      }
      if (waiters.size() >= WAITERS_MAX) {
        return CompletableFuture.failedFuture(
            new ClusterUnavailableException(
                ClusterUnavailableException.Reason.OVERLOADED,
                false,
                WAITERS_MAX + " reads wait for proof of leadership"));
      }
      waiters.add(waiter);
    }
    evidence.triggerHeartbeats();
    // The answer may have come between the first look and the queueing.
    evaluate();
    return waiter.index();
  }

  /** To be called when a follower has accepted something, and when this node's role changes. */
  void evaluate() {
    List<Runnable> completions = new ArrayList<>();
    synchronized (waiters) {
      Iterator<Waiter> all = waiters.iterator();
      while (all.hasNext()) {
        Waiter waiter = all.next();
        if (waiter.index().isDone()) {
          all.remove();
        } else if (!raft.leading()) {
          all.remove();
          var failure = new NotLeaderException(raft.leaderId());
          completions.add(() -> waiter.index().completeExceptionally(failure));
        } else {
          long index = confirmed(waiter.askedNanos(), Long.MAX_VALUE);
          if (index < 0) {
            break; // those behind asked later
          }
          all.remove();
          completions.add(() -> waiter.index().complete(index));
        }
      }
    }
    if (!completions.isEmpty()) {
      executor.execute(() -> completions.forEach(Runnable::run));
    }
  }

  /** The commit index, if a majority vouches for it; otherwise -1. */
  private long confirmed(long sinceNanos, long unbrokenNanos) {
    long term = raft.term();
    if (!raft.leadingReady()) {
      return -1;
    }
    long index = raft.commitIndex();
    boolean majority =
        unbrokenNanos == Long.MAX_VALUE
            ? evidence.majoritySince(raft.members(), raft.selfId(), sinceNanos)
            : evidence.majorityUnbroken(raft.members(), raft.selfId(), sinceNanos, unbrokenNanos);
    // Leading all the while, in one term: the evidence is of that term.
    return majority && raft.leading() && raft.term() == term ? index : -1;
  }
}
