package dev.assetmanagerd.clustertests.observe;

import java.time.Duration;

/**
 * How long something was promised to live, counted anew whenever it is renewed; on the stopwatch of
 * the client, {@link System#nanoTime}. Thread-safe.
 *
 * <p>The promise counts from some moment within the call that made it, and nobody outside knows
 * which. So it has not begun before the call did, and it has begun when the answer is there.
 */
public final class Promise {
  private final long nanos;
  private long begunAfter;
  private long begunBefore;
  private boolean renewalOfUnknownOutcome;

  /**
   * A promise that was just made.
   *
   * @param callBegin when the call was begun that it is the answer to
   */
  public Promise(Duration life, long callBegin) {
    this.nanos = life.toNanos();
    this.begunAfter = callBegin;
    this.begunBefore = System.nanoTime();
  }

  /** It counts anew, says the answer to a call begun at a moment. */
  public synchronized void renewed(long callBegin) {
    begunAfter = callBegin;
    begunBefore = System.nanoTime();
    renewalOfUnknownOutcome = false;
  }

  /** It may count anew, or may do so yet. */
  public synchronized void perhapsRenewed() {
    renewalOfUnknownOutcome = true;
  }

  /** Until then it holds in any case. */
  public synchronized long surelyUntil() {
    return begunAfter + nanos;
  }

  /** From then on it does not hold any more, had the cluster a leader all the time. */
  synchronized long atMostUntil() {
    return begunBefore + nanos;
  }

  synchronized long latestBegin() {
    return begunBefore;
  }

  /** Whether {@link #atMostUntil} can be relied on. */
  synchronized boolean endIsKnown() {
    return !renewalOfUnknownOutcome;
  }
}
