package dev.assetmanagerd.clustertests.chaos.report;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Draws a stretch of a history as an SVG picture that needs nothing besides: one row for each
 * process, one bar for each call from its invocation to its return, behind them the faults.
 * Pointing at a bar tells what it is.
 */
public final class Timeline {
  private static final int WIDTH = 1600;
  private static final int LEFT = 110;
  private static final int ROW = 24;
  private static final int BAND = 18;
  private static final int TOP = 56;
  private static final int TICKS = 10;
  private static final int BARS_MAX = 20_000;

  private final History history;
  private final Window window;
  private final Set<Long> highlighted;
  private final Map<Integer, Integer> rows = new TreeMap<>();
  private final StringBuilder svg = new StringBuilder();
  private final List<FaultBand> bands;
  private final List<Call> calls;

  private Timeline(History history, Window window, Collection<Long> highlighted, String asset) {
    this.history = history;
    this.window = window;
    this.highlighted = Set.copyOf(highlighted);
    this.bands =
        FaultBand.of(history).stream()
            .filter(band -> window.touches(band.fromNanos(), band.toNanos()))
            .toList();
    this.calls =
        history.calls().stream()
            .filter(call -> window.touches(call.invokeNanos(), shownUntil(call)))
            .filter(call -> asset.isEmpty() || isAbout(call, asset))
            .toList();
    calls.forEach(call -> rows.put(call.process(), 0));
    int row = 0;
    for (Map.Entry<Integer, Integer> entry : rows.entrySet()) {
      entry.setValue(row++);
    }
  }

  /**
   * Draws.
   *
   * @param highlighted numbers of calls to point at
   * @param asset only calls about it, and those pointed at; empty for all
   */
  public static String svg(
      History history, Window window, Collection<Long> highlighted, String asset) {
    return new Timeline(history, window, highlighted, asset).draw();
  }

  /** Draws all calls into a file. */
  public static void write(Path file, History history, Window window, Collection<Long> highlighted)
      throws IOException {
    Files.writeString(file, svg(history, window, highlighted, ""));
  }

  private boolean isAbout(Call call, String asset) {
    return highlighted.contains(call.sequence())
        || call.assets().contains(asset)
        || call.value().stream()
            .flatMap(value -> value.seen().stream())
            .anyMatch(seen -> seen.asset().equals(asset));
  }

  private long shownUntil(Call call) {
    return call.isUnknown() ? Math.max(history.endNanos(), call.returnNanos()) : call.returnNanos();
  }

  private String draw() {
    int plot = TOP + bands.size() * BAND;
    int height = plot + rows.size() * ROW + 60;
    line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
            + " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">",
        WIDTH, height, WIDTH, height);
    line("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, height);
    legend();
    faults(plot, height - 60);
    axis(plot, height - 60);
    rows.forEach(
        (process, row) ->
            line(
                "<text x=\"8\" y=\"%d\" fill=\"#333333\">process %d</text>",
                plot + row * ROW + 16, process));
    calls.stream().limit(BARS_MAX).forEach(call -> bar(call, plot));
    if (calls.size() > BARS_MAX) {
      line(
          "<text x=\"%d\" y=\"%d\" fill=\"#b00020\">%d further calls are not drawn</text>",
          LEFT, height - 12, calls.size() - BARS_MAX);
    }
    line("</svg>");
    return svg.toString();
  }

  private void legend() {
    int x = LEFT;
    for (Map.Entry<String, String> entry :
        List.of(
            Map.entry("write ok", "#2e7d32"),
            Map.entry("read ok", "#1565c0"),
            Map.entry("refused", "#9e9e9e"),
            Map.entry("outcome unknown", "#ef6c00"))) {
      line("<rect x=\"%d\" y=\"10\" width=\"14\" height=\"12\" fill=\"%s\"/>", x, entry.getValue());
      line("<text x=\"%d\" y=\"20\">%s</text>", x + 20, entry.getKey());
      x += 140;
    }
    line(
        "<rect x=\"%d\" y=\"10\" width=\"14\" height=\"12\" fill=\"none\" stroke=\"#d50000\""
            + " stroke-width=\"2.5\"/>",
        x);
    line("<text x=\"%d\" y=\"20\">cannot be explained</text>", x + 20);
  }

  private void faults(int plot, int bottom) {
    int y = TOP;
    for (FaultBand band : bands) {
      double from = x(band.fromNanos());
      double width = Math.max(1.5, x(band.toNanos()) - from);
      line("<g><title>%s</title>", escaped(words(band)));
      line(
          "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#d50000\""
              + " fill-opacity=\"0.07\"/>",
          from, plot, width, bottom - plot);
      line(
          "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#ffcdd2\"/>",
          from, y, width, BAND - 4);
      line(
          "<text x=\"%.1f\" y=\"%d\" fill=\"#b00020\">%s</text></g>",
          from + 3, y + BAND - 7, escaped(band.fault() + " " + String.join(",", band.nodes())));
      y += BAND;
    }
  }

  private static String words(FaultBand band) {
    return String.format(
        Locale.ROOT,
        "%s %s %s: %.3f s to %.3f s",
        band.fault(),
        band.nodes(),
        band.detail(),
        band.fromNanos() / 1e9,
        band.toNanos() / 1e9);
  }

  private void axis(int plot, int bottom) {
    for (int i = 0; i <= TICKS; i++) {
      long time = window.fromNanos() + (window.toNanos() - window.fromNanos()) / TICKS * i;
      line(
          "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#e0e0e0\"/>",
          x(time), plot - 4, x(time), bottom);
      line(
          "<text x=\"%.1f\" y=\"%d\" fill=\"#555555\" text-anchor=\"middle\">%.3f s</text>",
          x(time), bottom + 16, time / 1e9);
    }
  }

  private void bar(Call call, int plot) {
    boolean pointedAt = highlighted.contains(call.sequence());
    double from = x(call.invokeNanos());
    double width = Math.max(2, x(call.returnNanos()) - from);
    int y = plot + rows.getOrDefault(call.process(), 0) * ROW + 4;
    line("<g><title>%s</title>", escaped(call.inWords()));
    if (call.isUnknown()) {
      line(
          "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"3\" fill=\"#ef6c00\""
              + " fill-opacity=\"0.35\"/>",
          from, y + 7, x(shownUntil(call)) - from);
    }
    line(
        "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"%s/>",
        from,
        y,
        width,
        ROW - 8,
        colour(call),
        pointedAt ? " stroke=\"#d50000\" stroke-width=\"2.5\"" : "");
    if (pointedAt || width > 90) {
      line(
          "<text x=\"%.1f\" y=\"%d\" fill=\"%s\" font-size=\"9\">%s</text>",
          from + 2, y + 11, pointedAt ? "#d50000" : "#ffffff", escaped(label(call)));
    }
    line("</g>");
  }

  private static String label(Call call) {
    return call.kind() + " #" + call.sequence();
  }

  private static String colour(Call call) {
    if (call.outcome() instanceof Outcome.Ok) {
      return call.kind().isWrite() ? "#2e7d32" : "#1565c0";
    }
    return call.isUnknown() ? "#ef6c00" : "#9e9e9e";
  }

  private double x(long nanos) {
    long inside = Math.min(window.toNanos(), Math.max(window.fromNanos(), nanos));
    double part = (double) (inside - window.fromNanos()) / (window.toNanos() - window.fromNanos());
    return LEFT + part * (WIDTH - LEFT - 40);
  }

  @com.google.errorprone.annotations.FormatMethod
  private void line(String format, Object... arguments) {
    svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  private static String escaped(String text) {
    return text.codePoints()
        .filter(c -> c >= ' ' || c == '\n' || c == '\t')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString()
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
