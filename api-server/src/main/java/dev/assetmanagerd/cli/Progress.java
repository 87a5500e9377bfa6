package dev.assetmanagerd.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Shows how far a transfer is, on standard error. For one thread at a time. */
final class Progress implements AutoCloseable {
  /** How. */
  enum Style {
    /** A bar on a terminal, else nothing. */
    auto,
    none,
    /** A line now and then. */
    plain,
    /** A bar that is drawn over and over. */
    tty
  }

  private static final long BAR_INTERVAL_NANOS = 100_000_000L;
  private static final long LINE_INTERVAL_NANOS = 5_000_000_000L;
  private static final int BAR_CHARS = 24;

  private final Style style;
  private final String name;
  private final long totalBytes;
  private final PrintWriter err;
  private final LongSupplier nanoTime;
  private long startNanos;
  private long shownNanos;
  private long sentBytes;
  private long skippedBytes;
  private boolean drawn;

  Progress(Style style, String name, long totalBytes, PrintWriter err, LongSupplier nanoTime) {
    this.style = style;
    this.name = name;
    this.totalBytes = totalBytes;
    this.err = err;
    this.nanoTime = nanoTime;
    restart(0);
  }

  static Progress of(Style style, String name, long totalBytes, PrintWriter err) {
    Style settled =
        style != Style.auto ? style : standardErrorIsTerminal() ? Style.tty : Style.none;
    return new Progress(settled, name, totalBytes, err, System::nanoTime);
  }

  private static boolean standardErrorIsTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /**
   * Begins anew, on another node.
   *
   * @param doneBytes of all, that are there already
   */
  void restart(long doneBytes) {
    startNanos = nanoTime.getAsLong();
    shownNanos = startNanos;
    sentBytes = doneBytes;
    skippedBytes = doneBytes;
  }

  void sent(long bytes) {
    sentBytes += bytes;
    long now = nanoTime.getAsLong();
    boolean last = sentBytes == totalBytes;
    long interval = style == Style.tty ? BAR_INTERVAL_NANOS : LINE_INTERVAL_NANOS;
    if (style == Style.none || (now - shownNanos < interval && !last)) {
      return;
    }
    shownNanos = now;
    if (style == Style.tty) {
      err.print("\r" + name + " " + bar() + " " + figures(now) + " ");
      drawn = true;
    } else {
      err.println(name + " " + figures(now));
    }
    err.flush();
  }

  private String bar() {
    int filled = (int) (BAR_CHARS * fraction());
    return "[" + "=".repeat(filled) + " ".repeat(BAR_CHARS - filled) + "]";
  }

  private String figures(long now) {
    double seconds = Math.max(1e-3, (now - startNanos) / 1e9);
    return String.format(
        Locale.ROOT,
        "%3d%% %s of %s, %s/s",
        (int) (100 * fraction()),
        Table.size(sentBytes),
        Table.size(totalBytes),
        Table.size((long) ((sentBytes - skippedBytes) / seconds)));
  }

  private double fraction() {
    return totalBytes == 0 ? 1 : Math.min(1, (double) sentBytes / totalBytes);
  }

  /** Leaves the line of the bar. */
  @Override
  public void close() {
    if (drawn) {
      err.println();
      err.flush();
    }
  }
}
