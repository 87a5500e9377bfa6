package dev.assetmanagerd.clustertests.chaos.history;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A call that has begun. Whoever makes it tells of each attempt, and at last how it ended; what is
 * told after that is ignored. Thread-safe.
 *
 * <p>A call is refused ({@link #fail}) only if no attempt of it can have, or get, any effect. One
 * that was attempted twice, of which the first got lost and the second was refused, is both, and so
 * two calls in the history ({@link #failAfterDoubt}): one of unknown outcome, and a refusal, which
 * says what there was when the last attempt was made.
 */
public final class PendingCall {
  private final HistoryWriter writer;
  private final int process;
  private final long sequence;
  private final Kind kind;
  private final List<String> assets;
  private final Input input;
  private final String key;
  private final long invokeNanos;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final List<String> nodes = new ArrayList<>();
  private int doubtful;
  private long attemptNanos;

  PendingCall(
      HistoryWriter writer,
      int process,
      long sequence,
      Kind kind,
      List<String> assets,
      Input input,
      String key,
      long invokeNanos) {
    this.writer = writer;
    this.process = process;
    this.sequence = sequence;
    this.kind = kind;
    this.assets = List.copyOf(assets);
    this.input = input;
    this.key = key;
    this.invokeNanos = invokeNanos;
  }

  /** A node is asked now. */
  public synchronized void attempt(String node) {
    nodes.add(node);
    attemptNanos = writer.nowNanos();
  }

  /** The attempt at hand got lost and may have taken effect; another will follow. */
  public synchronized void lostAttempt() {
    doubtful++;
  }

  /** It was done. */
  public void ok(Value value) {
    end(new Outcome.Ok(value));
  }

  /** It was refused, and certainly has no effect. */
  public void fail(String code, String message) {
    end(new Outcome.Fail(code, message));
  }

  /**
   * The last attempt was refused; an attempt before it may have taken effect, or may do so yet.
   *
   * @param doubt code of what got lost
   */
  public void failAfterDoubt(String doubt, String code, String message) {
    long now = writer.nowNanos();
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    Call lost;
    Call refused;
    synchronized (this) {
      int last = nodes.size() - 1;
      Outcome unknown = new Outcome.Unknown(doubt, "refused at last: " + code);
      lost =
          new Call(
              process,
              sequence,
              kind,
              assets,
              input,
              key,
              unknown,
              invokeNanos,
              attemptNanos,
              nodes.subList(0, last),
              doubtful - 1);
      refused =
          new Call(
              process,
              writer.nextSequence(),
              kind,
              assets,
              input,
              key,
              new Outcome.Fail(code, message),
              attemptNanos,
              now,
              nodes.subList(last, last + 1),
              0);
    }
    writer.ended(this, lost);
    writer.add(refused);
  }

  /** Nobody can tell. */
  public void unknown(String code, String message) {
    end(new Outcome.Unknown(code, message));
  }

  long sequence() {
    return sequence;
  }

  private void end(Outcome outcome) {
    long now = writer.nowNanos();
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    Call call;
    synchronized (this) {
      call =
          new Call(
              process,
              sequence,
              kind,
              assets,
              input,
              key,
              outcome,
              invokeNanos,
              now,
              nodes,
              doubtful);
    }
    writer.ended(this, call);
  }
}
