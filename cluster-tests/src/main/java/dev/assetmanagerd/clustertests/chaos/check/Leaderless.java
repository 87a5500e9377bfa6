package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import java.time.Duration;
import java.util.Arrays;

/**
 * For how long a cluster may have been without a leader. The cluster's clock stands still then, so
 * leases live longer by that time.
 *
 * <p>No client sees a leader. Seen are writes: whenever one is acknowledged there was one. Where
 * many clients write all the time, a pause between two acknowledged writes of whatever clients that
 * is longer than {@link #WRITES_APART} may have been an election or a hand-over, and all of it is
 * counted. Immutable.
 */
public final class Leaderless {
  /** Writes that are further apart may have been so for lack of a leader. */
  public static final Duration WRITES_APART = Duration.ofMillis(150);

  private final long[] from;
  private final long[] to;

  private Leaderless(long[] from, long[] to) {
    this.from = from;
    this.to = to;
  }

  /** Looks at all writes of a history, and at the time before the first and after the last. */
  public static Leaderless of(History history) {
    long[] times =
        history.calls().stream()
            .filter(Leaderless::showsLeader)
            .mapToLong(Call::returnNanos)
            .sorted()
            .toArray();
    long[] from = new long[times.length + 1];
    long[] to = new long[times.length + 1];
    int count = 0;
    long last = 0;
    for (int i = 0; i <= times.length; i++) {
      long time = i < times.length ? times[i] : Long.MAX_VALUE;
      if (time - last > WRITES_APART.toNanos()) {
        from[count] = last;
        to[count++] = time;
      }
      last = time;
    }
    return new Leaderless(Arrays.copyOf(from, count), Arrays.copyOf(to, count));
  }

  /** A collection that finds nothing to take is answered without a write. */
  private static boolean showsLeader(Call call) {
    return call.isOk() && call.kind().isWrite() && call.kind() != Kind.COLLECT;
  }

  /**
   * For how long there may have been no leader between two moments, at most.
   *
   * @param begin in nanoseconds since the run began
   * @param end the same; not before the begin
   * @return nanoseconds
   */
  public long nanos(long begin, long end) {
    int at = Arrays.binarySearch(to, begin);
    long sum = 0;
    for (int i = at < 0 ? -at - 1 : at; i < from.length && from[i] < end; i++) {
      sum += Math.max(0, Math.min(end, to[i]) - Math.max(begin, from[i]));
    }
    return sum;
  }
}
