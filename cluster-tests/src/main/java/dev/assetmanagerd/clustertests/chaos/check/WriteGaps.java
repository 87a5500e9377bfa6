package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.FaultEvent;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Times between acknowledged writes in which a quorum was alive all the time. Time without a quorum
 * belongs to none; the wait for the first write after the quorum is back is a gap from that moment
 * on. Looked at is the time from the first write's begin to the last one's end.
 *
 * @param gaps by length
 */
public record WriteGaps(List<Gap> gaps) {
  /**
   * One of them.
   *
   * @param beginNanos since the run began
   * @param endNanos since the run began
   */
  public record Gap(long beginNanos, long endNanos) {
    /** How long it is. */
    public Duration length() {
      return Duration.ofNanos(endNanos - beginNanos);
    }
  }

  /** Sorts. */
  public WriteGaps {
    gaps = gaps.stream().sorted(Comparator.comparing(Gap::length)).toList();
  }

  /** The gaps of a history. */
  public static WriteGaps of(History history) {
    List<Call> writes = history.calls().stream().filter(call -> call.kind().isWrite()).toList();
    if (writes.isEmpty()) {
      return new WriteGaps(List.of());
    }
    long begin = writes.get(0).invokeNanos();
    long end = writes.stream().mapToLong(Call::returnNanos).max().orElse(begin);
    long[] acknowledged =
        writes.stream().filter(Call::isOk).mapToLong(Call::returnNanos).sorted().toArray();
    List<Gap> gaps = new ArrayList<>();
    for (Gap span : withQuorum(history, begin, end)) {
      long last = span.beginNanos();
      for (long time : acknowledged) {
        if (time > last && time <= span.endNanos()) {
          gaps.add(new Gap(last, time));
          last = time;
        }
      }
      if (last < span.endNanos()) {
        gaps.add(new Gap(last, span.endNanos()));
      }
    }
    return new WriteGaps(gaps);
  }

  private static List<Gap> withQuorum(History history, long begin, long end) {
    List<Gap> spans = new ArrayList<>();
    boolean quorum = true;
    long since = begin;
    for (FaultEvent fault : history.faults()) {
      if (quorum && !fault.quorum()) {
        add(spans, since, Math.min(end, fault.atNanos()));
      } else if (!quorum && fault.quorum()) {
        since = Math.max(begin, fault.atNanos());
      }
      quorum = fault.quorum();
    }
    if (quorum) {
      add(spans, since, end);
    }
    return spans;
  }

  private static void add(List<Gap> spans, long from, long to) {
    if (from < to) {
      spans.add(new Gap(from, to));
    }
  }

  /** The longest; zero where there is none. */
  public Duration longest() {
    return percentile(100);
  }

  /**
   * A length that so many of a hundred gaps do not exceed; zero where there is none.
   *
   * @param percent from 0 to 100
   */
  public Duration percentile(double percent) {
    if (gaps.isEmpty()) {
      return Duration.ZERO;
    }
    int rank = (int) Math.ceil(percent / 100 * gaps.size());
    return gaps.get(Math.min(gaps.size(), Math.max(1, rank)) - 1).length();
  }
}
