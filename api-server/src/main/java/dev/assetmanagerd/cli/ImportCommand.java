package dev.assetmanagerd.cli;

import dev.assetmanagerd.importer.v1.ImportCounts;
import dev.assetmanagerd.importer.v1.ImportGroup;
import dev.assetmanagerd.importer.v1.ImportRecord;
import dev.assetmanagerd.importer.v1.ImportSummary;
import dev.assetmanagerd.olddaemon.OldDatabase;
import dev.assetmanagerd.olddaemon.OldDatabaseException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code import}. */
@Command(
    name = "import",
    description = {
      "Takes over the database of a single-node daemon: assets, labels, leases. The file is only"
          + " read; stop the old daemon first, and copy its files to the store of the cluster.",
      "What is there already is left as it is, so the command may be repeated: it goes on, or adds"
          + " what is new. What the cluster has deleted or released since does not come back.",
      "The exit code is 5 where something was skipped."
    })
final class ImportCommand extends RemoteCommand {
  private static final Duration TIMEOUT = Duration.ofHours(24);

  @Parameters(paramLabel = "FILE", description = "The database, such as assets.db.")
  private Path file = Path.of("");

  @Option(
      names = "--dry-run",
      description = "Checks everything, the blobs in the store included, and changes nothing.")
  private boolean dryRun;

  @Option(
      names = "--skip-missing-blobs",
      description = "Skips assets that the store has no blob of. The default.")
  private boolean skipMissingBlobs;

  @Option(
      names = "--allow-missing-blobs",
      description = {
        "Takes them as ERROR: a sweep makes them available once the blob is there. Their leases",
        "are skipped until then."
      })
  private boolean allowMissingBlobs;

  @Option(
      names = "--old-storage-path",
      paramLabel = "DIRECTORY",
      defaultValue = "/opt/vm-assets",
      description = {
        "LOCAL_STORAGE_PATH of the old daemon: paths below it become paths below the root of the"
            + " cluster's store. Default: ${DEFAULT-VALUE}."
      })
  private Path oldStoragePath = Path.of("/opt/vm-assets");

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Writes a line of JSON for each row: what became of it, and why.")
  private @Nullable Path report;

  @Option(
      names = "--accept-skipped",
      description = "The exit code is 0 also where something was skipped.")
  private boolean acceptSkipped;

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    if (skipMissingBlobs && allowMissingBlobs) {
      throw usage("--skip-missing-blobs, --allow-missing-blobs: one excludes the other");
    }
    if (!oldStoragePath.isAbsolute()) {
      throw usage("--old-storage-path: " + oldStoragePath + " is not an absolute path");
    }
    try (OldDatabase database = OldDatabase.open(file);
        ImportReport rows = ImportReport.to(report)) {
      ImportRun run =
          new ImportRun(
              database,
              new ImportBatches(client, rows, allowMissingBlobs, dryRun, database::plan),
              rows,
              oldStoragePath);
      run.run(Clock.systemUTC().instant().getEpochSecond());
      ImportSummary summary = rows.summary(file, dryRun);
      print(summary);
      return rows.skipped() > 0 && !acceptSkipped ? ExitCodes.CONFLICT : ExitCodes.OK;
    } catch (OldDatabaseException e) {
      err().println("error: " + e.getMessage());
      return ExitCodes.USAGE;
    } catch (ReportFailedException e) {
      return withoutReport(e);
    }
  }

  private int withoutReport(ReportFailedException e) {
    err().println("error: --report: " + e.getMessage());
    if (!e.wasOpened()) {
      return ExitCodes.USAGE;
    }
    if (!dryRun) {
      err()
          .println(
              "the import ended there; what it took is in the cluster, and running it again goes on");
    }
    return ExitCodes.INTERNAL;
  }

  private void print(ImportSummary summary) throws IOException {
    if (json()) {
      printJson(summary);
      return;
    }
    Table table =
        new Table(
            "", "READ", dryRun ? "WOULD IMPORT" : "IMPORTED", "UNCHANGED", "LEFT OUT", "SKIPPED");
    row(table, "assets", summary.getAssets());
    row(table, "leases", summary.getLeases());
    table.print(out());
    for (ImportGroup group : summary.getGroupsList()) {
      out()
          .println(
              "%s %s: %s, %d; the first of them:"
                  .formatted(
                      group.getKind(), group.getResult(), group.getReason(), group.getCount()));
      List<ImportRecord> examples = group.getExamplesList();
      examples.forEach(
          example ->
              out().println("  " + shown(example.getId()) + ": " + shown(example.getMessage())));
    }
    out()
        .println(
            String.format(
                Locale.ROOT,
                "%d labels; %.1f s%s",
                summary.getLabels(),
                summary.getSeconds(),
                dryRun ? "; nothing was changed" : ""));
  }

  private static void row(Table table, String name, ImportCounts counts) {
    table.add(
        name,
        Long.toString(counts.getRead()),
        Long.toString(counts.getImported()),
        Long.toString(counts.getUnchanged()),
        Long.toString(counts.getLeftOut()),
        Long.toString(counts.getSkipped()));
  }

  /** What comes from the file may hold anything. */
  private static String shown(String text) {
    return text.isEmpty()
        ? "-"
        : text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Cs}\\u2028\\u2029]", "\uFFFD");
  }
}
