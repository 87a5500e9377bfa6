package dev.assetmanagerd.cli;

import com.google.protobuf.util.JsonFormat;
import dev.assetmanagerd.importer.v1.ImportCounts;
import dev.assetmanagerd.importer.v1.ImportGroup;
import dev.assetmanagerd.importer.v1.ImportRecord;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportSummary;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts what became of each row, and writes it down where that is wanted. For one thread. */
final class ImportReport implements AutoCloseable {
  private static final int EXAMPLES = 5;
  private static final JsonFormat.Printer LINE =
      JsonFormat.printer().omittingInsignificantWhitespace().alwaysPrintFieldsWithNoPresence();

  private final @Nullable Path file;
  private final @Nullable Writer lines;
  private final long startNanos = System.nanoTime();
  private final Map<String, ImportCounts.Builder> counts = new TreeMap<>();
  private final Map<String, ImportGroup.Builder> groups = new TreeMap<>();
  private long labels;

  private ImportReport(@Nullable Path file, @Nullable Writer lines) {
    this.file = file;
    this.lines = lines;
  }

  /**
   * @param file for a line of each row; null for none
   * @throws ReportFailedException here and from all that writes, when the file cannot be written to
   */
  static ImportReport to(@Nullable Path file) {
    if (file == null) {
      return new ImportReport(null, null);
    }
    try {
      return new ImportReport(file, Files.newBufferedWriter(file));
    } catch (NoSuchFileException e) {
      throw new ReportFailedException(file + ": there is no such directory", false, e);
    } catch (IOException e) {
      throw new ReportFailedException(file + ": " + e, false, e);
    }
  }

  /** Labels that came with an asset that was read. */
  void labels(int count) {
    labels += count;
  }

  /** What a node, or the reading of the file, says of a row. */
  void add(String kind, String id, ImportResult result) {
    String verdict = lower(result.getVerdict().name(), "VERDICT_");
    ImportCounts.Builder count = counts.computeIfAbsent(kind, k -> ImportCounts.newBuilder());
    count.setRead(count.getRead() + 1);
    switch (result.getVerdict()) {
      case VERDICT_IMPORTED -> count.setImported(count.getImported() + 1);
      case VERDICT_UNCHANGED -> count.setUnchanged(count.getUnchanged() + 1);
      case VERDICT_LEFT_OUT -> count.setLeftOut(count.getLeftOut() + 1);
      case VERDICT_SKIPPED -> count.setSkipped(count.getSkipped() + 1);
      case VERDICT_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalStateException("the node gave a verdict that is none: " + result);
    }
    boolean plain = result.getReason() == ImportResult.Reason.REASON_UNSPECIFIED;
    write(
        ImportRecord.newBuilder()
            .setKind(kind)
            .setId(id)
            .setResult(verdict)
            .setReason(plain ? "" : lower(result.getReason().name(), "REASON_"))
            .setMessage(result.getMessage())
            .build(),
        !plain);
  }

  /** Something about a row that was taken is not as the old daemon had it. */
  void differs(String kind, String id, String reason, String message) {
    write(
        ImportRecord.newBuilder()
            .setKind(kind)
            .setId(id)
            .setResult("differs")
            .setReason(reason)
            .setMessage(message)
            .build(),
        true);
  }

  private static String lower(String name, String prefix) {
    return name.substring(prefix.length()).toLowerCase(Locale.ROOT);
  }

  private void write(ImportRecord row, boolean grouped) {
    if (grouped) {
      ImportGroup.Builder group =
          groups.computeIfAbsent(
              row.getKind() + " " + row.getResult() + " " + row.getReason(),
              key ->
                  ImportGroup.newBuilder()
                      .setKind(row.getKind())
                      .setResult(row.getResult())
                      .setReason(row.getReason()));
      group.setCount(group.getCount() + 1);
      if (group.getExamplesCount() < EXAMPLES) {
        group.addExamples(row);
      }
    }
    if (lines != null) {
      try {
        lines.write(LINE.print(row) + "\n");
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }

  private ReportFailedException failed(IOException e) {
    return new ReportFailedException(file + ": " + e.getMessage(), true, e);
  }

  /** Rows that could not be taken, labels included. */
  long skipped() {
    return counts.values().stream().mapToLong(ImportCounts.Builder::getSkipped).sum();
  }

  ImportSummary summary(Path database, boolean dryRun) {
    if (lines != null) {
      try {
        lines.flush();
      } catch (IOException e) {
        throw failed(e);
      }
    }
    ImportSummary.Builder summary =
        ImportSummary.newBuilder()
            .setFile(database.toString())
            .setDryRun(dryRun)
            .setAssets(counts("asset"))
            .setLeases(counts("lease"))
            .setLabels(labels)
            .setSeconds((System.nanoTime() - startNanos) / 1e9);
    groups.values().forEach(summary::addGroups);
    return summary.build();
  }

  private ImportCounts counts(String kind) {
    ImportCounts.Builder count = counts.get(kind);
    return count == null ? ImportCounts.getDefaultInstance() : count.build();
  }

  @Override
  public void close() {
    if (lines != null) {
      try {
        lines.close();
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }
}
