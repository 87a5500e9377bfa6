package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** While a quorum is alive, writes succeed: no time without one is longer than promised. */
public final class WriteGapCheck implements HistoryCheck {
  private static final int FINDINGS_MAX = 10;

  private final Duration max;

  /**
   * A check against a promise.
   *
   * @param max length of a gap
   */
  public WriteGapCheck(Duration max) {
    this.max = max;
  }

  @Override
  public Verdict check(History history) {
    WriteGaps gaps = WriteGaps.of(history);
    List<Finding> findings =
        gaps.gaps().stream()
            .filter(gap -> gap.length().compareTo(max) > 0)
            .limit(FINDINGS_MAX)
            .map(
                gap ->
                    new Finding(
                        "no write was acknowledged for %s, from %s on, with a quorum alive"
                            .formatted(s(gap.length()), s(Duration.ofNanos(gap.beginNanos()))),
                        List.of()))
            .toList();
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("gaps", Integer.toString(gaps.gaps().size()));
    figures.put("p50", s(gaps.percentile(50)));
    figures.put("p99", s(gaps.percentile(99)));
    figures.put("max", s(gaps.longest()));
    figures.put("allowed", s(max));
    return Verdict.of(CheckNames.WRITE_GAPS, findings, figures);
  }

  private static String s(Duration time) {
    return String.format(Locale.ROOT, "%.3f s", time.toNanos() / 1e9);
  }
}
