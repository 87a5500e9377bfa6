package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;

/** When a history's clients were answered by a cluster that had a leader. */
final class Answers {
  /** A longer time without an answer counts as one without a leader. */
  static final Duration ANSWER_MAX = Duration.ofMillis(700);

  private final long[] times;
  private final long end;

  Answers(History history) {
    times =
        history.calls().stream()
            .filter(call -> call.isOk() && !call.input().relaxed())
            .mapToLong(Call::returnNanos)
            .sorted()
            .toArray();
    end = history.endNanos();
  }

  /** For how long there may have been no leader between two moments, at most; in nanoseconds. */
  long leaderlessNanos(long from, long to) {
    long sum = 0;
    long last = 0;
    for (int i = 0; i <= times.length; i++) {
      long time = i < times.length ? times[i] : end;
      if (time - last > ANSWER_MAX.toNanos()) {
        sum += Math.max(0, Math.min(to, time) - Math.max(from, last));
      }
      last = time;
    }
    return sum;
  }
}
