package dev.assetmanagerd.clustertests.chaos.report;

import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.check.WriteGaps;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A run in words and figures, as Markdown. */
public final class Summary {
  private static final int FINDINGS_MAX = 10;

  private Summary() {}

  /**
   * The whole summary.
   *
   * @param title a heading
   * @param verdicts of all checks
   */
  public static String markdown(String title, History history, List<Verdict> verdicts) {
    StringBuilder text = new StringBuilder("# " + title + "\n\n");
    figures(text, history);
    verdicts(text, verdicts);
    calls(text, history);
    faults(text, history);
    findings(text, verdicts);
    return text.toString();
  }

  private static void figures(StringBuilder text, History history) {
    WriteGaps gaps = WriteGaps.of(history);
    long ok = history.calls().stream().filter(Call::isOk).count();
    long unknown = history.calls().stream().filter(Call::isUnknown).count();
    line(text, "| what | value |");
    line(text, "|---|---|");
    line(text, "| length | %s |", s(Duration.ofNanos(history.endNanos())));
    line(
        text,
        "| calls | %d: %d ok, %d refused, %d of unknown outcome |",
        history.calls().size(),
        ok,
        history.calls().size() - ok - unknown,
        unknown);
    line(text, "| faults injected | %d |", FaultBand.of(history).size());
    line(
        text,
        "| between acknowledged writes with a quorum alive | p50 %s, p99 %s, max %s |",
        s(gaps.percentile(50)),
        s(gaps.percentile(99)),
        s(gaps.longest()));
  }

  private static void verdicts(StringBuilder text, List<Verdict> verdicts) {
    line(text, "%n## Checks%n");
    line(text, "| promise | result | looked at |");
    line(text, "|---|---|---|");
    for (Verdict verdict : verdicts) {
      StringBuilder figures = new StringBuilder();
      verdict
          .figures()
          .forEach(
              (what, value) ->
                  figures
                      .append(figures.isEmpty() ? "" : "; ")
                      .append(what)
                      .append(' ')
                      .append(value));
      line(
          text,
          "| %s | %s | %s |",
          cell(verdict.check()),
          verdict.result().name().toLowerCase(Locale.ROOT),
          cell(figures.toString()));
    }
  }

  private static void calls(StringBuilder text, History history) {
    Map<Kind, long[]> counts = new EnumMap<>(Kind.class);
    for (Call call : history.calls()) {
      long[] count = counts.computeIfAbsent(call.kind(), none -> new long[3]);
      count[call.isOk() ? 0 : call.isUnknown() ? 2 : 1]++;
    }
    line(text, "%n## Calls%n");
    line(text, "| kind | ok | refused | unknown |");
    line(text, "|---|---|---|---|");
    counts.forEach(
        (kind, count) ->
            line(
                text,
                "| %s | %d | %d | %d |",
                kind.name().toLowerCase(Locale.ROOT),
                count[0],
                count[1],
                count[2]));
  }

  private static void faults(StringBuilder text, History history) {
    Map<String, long[]> faults = new TreeMap<>();
    for (FaultBand band : FaultBand.of(history)) {
      long[] sum = faults.computeIfAbsent(band.fault(), none -> new long[2]);
      sum[0]++;
      sum[1] += band.toNanos() - band.fromNanos();
    }
    if (!faults.isEmpty()) {
      line(text, "%n## Faults%n");
      line(text, "| fault | times | for how long in all |");
      line(text, "|---|---|---|");
      faults.forEach(
          (fault, sum) ->
              line(text, "| %s | %d | %s |", cell(fault), sum[0], s(Duration.ofNanos(sum[1]))));
    }
  }

  private static void findings(StringBuilder text, List<Verdict> verdicts) {
    for (Verdict verdict : verdicts) {
      if (!verdict.findings().isEmpty()) {
        line(text, "%n## %s: %d findings%n", verdict.check(), verdict.findings().size());
        for (Finding finding :
            verdict.findings().subList(0, Math.min(FINDINGS_MAX, verdict.findings().size()))) {
          line(text, "```%n%s%n```", finding.what());
        }
      }
    }
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace('\n', ' ');
  }

  private static String s(Duration time) {
    return String.format(Locale.ROOT, "%.3f s", time.toNanos() / 1e9);
  }

  @com.google.errorprone.annotations.FormatMethod
  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
