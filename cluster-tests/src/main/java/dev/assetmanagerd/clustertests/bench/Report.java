package dev.assetmanagerd.clustertests.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/** Markdown, to the terminal and into a file at the same time. Not thread-safe. */
final class Report {
  private final Path file;

  /** Begins an empty file. */
  Report(Path file) {
    this.file = file;
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void heading(String text) {
    print("\n## " + text + "\n");
  }

  void line(String format, Object... values) {
    print(String.format(Locale.ROOT, format, values));
  }

  void table(List<String> columns, List<List<String>> rows) {
    print("");
    print("| " + String.join(" | ", columns) + " |");
    print("|" + " --- |".repeat(columns.size()));
    rows.forEach(row -> print("| " + String.join(" | ", row) + " |"));
    print("");
  }

  private void print(String line) {
    System.out.println(line);
    try {
      Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
