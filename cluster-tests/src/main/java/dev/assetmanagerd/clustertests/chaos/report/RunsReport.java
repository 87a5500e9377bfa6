package dev.assetmanagerd.clustertests.chaos.report;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * How a number of runs ended: one line each, and all of them together.
 *
 * @param runs in the order in which they are to be told
 */
public record RunsReport(List<Run> runs) {
  /**
   * One of them.
   *
   * @param word how it ended, in one: GOOD, BROKEN, UNDECIDED, LEFT OUT, FAILED, FOUND, MISSED
   * @param name of the scenario, with its seed
   * @param figures empty for one that did not take place
   * @param remark what was broken, or why it did not take place; may be empty
   */
  public record Run(String word, String name, Optional<RunFigures> figures, String remark) {}

  /** Copies the list. */
  public RunsReport {
    runs = List.copyOf(runs);
  }

  /** For people: a table and a summary, as Markdown. */
  public String markdown() {
    StringBuilder text = new StringBuilder();
    line(
        text, "| result | run | calls | unknown | faults | gap p50 | gap p99 | gap max | remark |");
    line(text, "|---|---|---|---|---|---|---|---|---|");
    for (Run run : runs) {
      line(
          text,
          "| %s | %s | %s | %s |",
          run.word(),
          run.name(),
          run.figures().map(RunsReport::cells).orElse(" | | | | | "),
          run.remark().replace("|", "\\|").replace('\n', ' '));
    }
    line(text, "");
    summary().forEach((what, value) -> line(text, "- %s: %s", what, value));
    return text.toString();
  }

  private static String cells(RunFigures run) {
    return "%d | %d | %d | %s | %s | %s"
        .formatted(
            run.calls(),
            run.unknown(),
            run.faults(),
            s(run.gapP50()),
            s(run.gapP99()),
            s(run.gapMax()));
  }

  /** All runs together, in words. */
  public Map<String, String> summary() {
    List<RunFigures> all = runs.stream().flatMap(run -> run.figures().stream()).toList();
    Map<String, Long> words = new TreeMap<>();
    runs.forEach(run -> words.merge(run.word(), 1L, Long::sum));
    List<Duration> longest = all.stream().map(RunFigures::gapMax).sorted().toList();
    Map<String, String> summary = new java.util.LinkedHashMap<>();
    summary.put("runs", runs.size() + " " + words);
    summary.put("time under harm", sum(all, run -> run.length().toSeconds()) + " s");
    summary.put(
        "operations checked",
        "%d: %d done, %d refused, %d of unknown outcome"
            .formatted(
                sum(all, RunFigures::calls),
                sum(all, RunFigures::done),
                sum(all, RunFigures::refused),
                sum(all, RunFigures::unknown)));
    summary.put("faults injected", Long.toString(sum(all, RunFigures::faults)));
    summary.put(
        "longest write gap of a run with a quorum alive",
        "p50 %s, p99 %s, max %s over the runs"
            .formatted(percentile(longest, 50), percentile(longest, 99), percentile(longest, 100)));
    return summary;
  }

  private static long sum(List<RunFigures> runs, ToLongFunction<RunFigures> figure) {
    return runs.stream().mapToLong(figure).sum();
  }

  private static String percentile(List<Duration> sorted, int percent) {
    if (sorted.isEmpty()) {
      return "-";
    }
    int rank = (int) Math.ceil(percent / 100.0 * sorted.size());
    return s(sorted.get(Math.max(1, rank) - 1));
  }

  /** For programs: what {@link #markdown} says, as a JSON object. Times are milliseconds. */
  public String json() {
    JsonArray all = new JsonArray();
    for (Run run : runs) {
      JsonObject json = new JsonObject();
      json.addProperty("result", run.word());
      json.addProperty("run", run.name());
      run.figures().ifPresent(figures -> put(json, figures));
      json.addProperty("remark", run.remark());
      all.add(json);
    }
    JsonObject summary = new JsonObject();
    summary().forEach(summary::addProperty);
    JsonObject report = new JsonObject();
    report.add("runs", all);
    report.add("summary", summary);
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(report);
  }

  private static void put(JsonObject json, RunFigures run) {
    json.addProperty("length_ms", run.length().toMillis());
    json.addProperty("calls", run.calls());
    json.addProperty("done", run.done());
    json.addProperty("refused", run.refused());
    json.addProperty("unknown", run.unknown());
    json.addProperty("faults", run.faults());
    json.addProperty("gap_p50_ms", run.gapP50().toMillis());
    json.addProperty("gap_p99_ms", run.gapP99().toMillis());
    json.addProperty("gap_max_ms", run.gapMax().toMillis());
  }

  /** Writes both, as {@code report.md} and {@code report.json}, in place of earlier ones. */
  public void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("report.md"), markdown());
    Files.writeString(directory.resolve("report.json"), json());
  }

  private static String s(Duration time) {
    return String.format(Locale.ROOT, "%.3f s", time.toNanos() / 1e9);
  }

  @com.google.errorprone.annotations.FormatMethod
  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
