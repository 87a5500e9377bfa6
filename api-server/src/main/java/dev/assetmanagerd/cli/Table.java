package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Columns for people to read. */
final class Table {
  private static final int CHECKSUM_CHARS = 12;
  private static final String[] BINARY_UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private final List<List<String>> rows = new ArrayList<>();

  Table(String... header) {
    rows.add(List.of(header));
  }

  static Table ofAssets(List<Asset> assets) {
    Table table =
        new Table("ID", "NAME", "TYPE", "STATUS", "SIZE", "SHA-256", "REFS", "CREATED", "LABELS");
    for (Asset asset : assets) {
      table.add(
          asset.getId(),
          asset.getName(),
          Names.of(asset.getType()),
          Names.of(asset.getStatus()),
          size(asset.getSizeBytes()),
          asset.getChecksum().substring(0, Math.min(CHECKSUM_CHARS, asset.getChecksum().length())),
          Integer.toString(asset.getReferenceCount()),
          Instant.ofEpochSecond(asset.getCreatedAt()).toString(),
          labels(asset));
    }
    return table;
  }

  private static String labels(Asset asset) {
    List<String> pairs = new ArrayList<>();
    new TreeMap<>(asset.getLabelsMap()).forEach((key, value) -> pairs.add(key + "=" + value));
    return pairs.isEmpty() ? "-" : String.join(",", pairs);
  }

  /** A size with one decimal in the largest binary unit that leaves 1 or more before the point. */
  static String size(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < BINARY_UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, "%.1f %s", value, BINARY_UNITS[unit]);
  }

  void add(String... cells) {
    rows.add(List.of(cells));
  }

  void print(PrintWriter out) {
    print(out, true);
  }

  /**
   * @param withHeader false for what goes on a table that has been begun before
   */
  void print(PrintWriter out, boolean withHeader) {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : withHeader ? rows : rows.subList(1, rows.size())) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(row.get(i));
        line.append(" ".repeat(widths[i] - row.get(i).length() + 2));
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
