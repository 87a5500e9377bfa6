package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.PendingCall;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.UnaryCaller;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the calls of one client and records them: stays with a node until that fails it, then tries
 * the others in turn for as long as it has patience, with the same key. A call without a key is not
 * tried again when it may have changed something. Belongs to one thread.
 */
final class RecordedCalls {
  private static final String KEY_HEADER = "idempotency-key";
  private static final Duration PAUSE_FIRST = Duration.ofMillis(20);
  private static final Duration PAUSE_MAX = Duration.ofMillis(500);
  private static final Duration ATTEMPT_LEAST = Duration.ofMillis(200);
  private static final int REPEATABLE_MAX = 20;

  /** One attempt of a call at one node. */
  interface Attempt<T> {
    T at(UnaryCaller caller, Node node, Map<String, String> headers, Duration timeout)
        throws CallFailedException;
  }

  /**
   * What is called.
   *
   * @param headers beside the key
   * @param key empty for none
   * @param value what an answer says
   */
  record Plan<T>(
      Kind kind,
      List<String> assets,
      Input input,
      Map<String, String> headers,
      String key,
      Attempt<T> attempt,
      Function<T, Value> value) {}

  /** How a call ended. */
  enum End {
    OK,
    REFUSED,
    UNKNOWN
  }

  /**
   * A call that has ended.
   *
   * @param answer where it was done
   * @param code of what it failed with last; empty where it was done
   */
  record Ended<T>(End end, @Nullable T answer, String code) {
    boolean isOk() {
      return end == End.OK;
    }

    boolean isNotFound() {
      return end == End.REFUSED && code.equals("not_found");
    }
  }

  private final int process;
  private final UnaryCaller caller;
  private final Supplier<List<Node>> nodes;
  private final HistoryWriter history;
  private final Tally tally;
  private final Duration callMax;
  private final SplittableRandom random;
  private final CountDownLatch abort;
  private final Deque<Plan<?>> repeatable = new ArrayDeque<>();
  private int turn;

  /**
   * @param nodes asked before each attempt
   * @param abort when it is at 0, nothing is tried again
   */
  RecordedCalls(
      int process,
      UnaryCaller caller,
      Supplier<List<Node>> nodes,
      HistoryWriter history,
      Tally tally,
      Duration callMax,
      SplittableRandom random,
      CountDownLatch abort) {
    this.process = process;
    this.caller = caller;
    this.nodes = nodes;
    this.history = history;
    this.tally = tally;
    this.callMax = callMax;
    this.random = random;
    this.abort = abort;
    this.turn = process;
  }

  /** Turns to another node for no reason. */
  void turnAway() {
    turn++;
  }

  /** Makes a call, and remembers it for {@link #repeat} where that is harmless. */
  <T> Ended<T> make(Plan<T> plan, Duration patience) {
    Ended<T> ended = attempts(plan, patience);
    boolean mayBeRepeated = !plan.key().isEmpty() && plan.kind() != Kind.PREPARE;
    if (ended.isOk() && mayBeRepeated) {
      repeatable.addLast(plan);
      if (repeatable.size() > REPEATABLE_MAX) {
        repeatable.removeFirst();
      }
    }
    return ended;
  }

  /** Makes a call once more, with its key, that was answered some time ago; somewhere else. */
  void repeat(Duration patience) {
    int skip = repeatable.isEmpty() ? 0 : random.nextInt(repeatable.size());
    repeatable.stream()
        .skip(skip)
        .findFirst()
        .ifPresent(
            plan -> {
              turnAway();
              attempts(plan, patience);
            });
  }

  private <T> Ended<T> attempts(Plan<T> plan, Duration patience) {
    PendingCall call =
        history.invoke(process, plan.kind(), plan.assets(), plan.input(), plan.key());
    Map<String, String> headers = headers(plan);
    long deadline = System.nanoTime() + patience.toNanos();
    String doubt = ""; // code of an attempt that may have taken effect
    for (int number = 0; ; number++) {
      List<Node> all = nodes.get();
      Node node = all.get(Math.floorMod(turn, all.size()));
      call.attempt(node.id());
      try {
        T answer = plan.attempt().at(caller, node, headers, timeout(deadline));
        call.ok(plan.value().apply(answer));
        tally.done(plan.kind());
        return new Ended<>(End.OK, answer, "");
      } catch (CallFailedException e) {
        boolean mayHaveTakenEffect = plan.kind().isWrite() && Failures.mayHaveTakenEffect(e);
        boolean mayTryAgain = Failures.mayPass(e) && (!mayHaveTakenEffect || !plan.key().isEmpty());
        turn += Failures.mayPass(e) ? 1 : 0;
        if (!mayTryAgain || !pause(number, deadline)) {
          return ended(call, e, doubt, mayHaveTakenEffect);
        }
        if (mayHaveTakenEffect) {
          call.lostAttempt();
          doubt = e.code();
        }
      }
    }
  }

  private static <T> Map<String, String> headers(Plan<T> plan) {
    if (plan.key().isEmpty()) {
      return plan.headers();
    }
    Map<String, String> headers = new java.util.HashMap<>(plan.headers());
    headers.put(KEY_HEADER, plan.key());
    return headers;
  }

  private Duration timeout(long deadline) {
    Duration left =
        Duration.ofNanos(Math.max(ATTEMPT_LEAST.toNanos(), deadline - System.nanoTime()));
    return left.compareTo(callMax) < 0 ? left : callMax;
  }

  /** A moment's rest before the next attempt, growing; false where there is no time for one. */
  private boolean pause(int number, long deadline) {
    long most = Math.min(PAUSE_FIRST.toMillis() << Math.min(number, 10), PAUSE_MAX.toMillis());
    long millis = 1 + random.nextLong(most);
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left < millis + ATTEMPT_LEAST.toMillis()) {
      return false;
    }
    try {
      return !abort.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * A refusal says what there was, whatever became of attempts before it; anything else says
   * nothing.
   */
  private static <T> Ended<T> ended(
      PendingCall call, CallFailedException e, String doubt, boolean mayHaveTakenEffect) {
    if (!doubt.isEmpty() && !mayHaveTakenEffect && !Failures.mayPass(e)) {
      call.failAfterDoubt(doubt, e.code(), e.serverMessage());
      return new Ended<>(End.UNKNOWN, null, e.code());
    }
    if (!doubt.isEmpty() || mayHaveTakenEffect) {
      call.unknown(e.code(), e.serverMessage());
      return new Ended<>(End.UNKNOWN, null, e.code());
    }
    call.fail(e.code(), e.serverMessage());
    return new Ended<>(End.REFUSED, null, e.code());
  }
}
