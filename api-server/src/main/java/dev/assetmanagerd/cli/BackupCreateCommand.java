package dev.assetmanagerd.cli;

import dev.assetmanagerd.backup.v1.Backup;
import dev.assetmanagerd.backup.v1.ConfirmBackupRequest;
import dev.assetmanagerd.backup.v1.CreateBackupRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code backup create}. */
@Command(
    name = "create",
    description = {
      "Makes a backup of the registry while the cluster goes on, reads it back, and says so when it",
      "is good. It goes to the place that the cluster is configured with, or to a file here."
    })
final class BackupCreateCommand extends RemoteCommand {
  private static final Duration TIMEOUT = Duration.ofHours(1);

  private final BackupFiles files;

  @Option(
      names = "--to",
      paramLabel = "FILE",
      description = "Writes the backup to a file here, which must not exist.")
  private @Nullable Path target;

  @Option(
      names = "--keep-for",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = {
        "With --to: how long the cluster keeps the blobs that the backup refers to, in whole seconds;",
        "0s: not at all. Default: 168h."
      })
  private Duration keepFor = Duration.ofDays(7);

  BackupCreateCommand(BackupFiles files) {
    this.files = files;
  }

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    Path file = target;
    Backup made = file == null ? inPlace(client) : toFile(client, file.toAbsolutePath());
    if (json()) {
      printJson(made);
    } else {
      BackupTables.of(List.of(made)).print(out());
    }
    return ExitCodes.OK;
  }

  private Backup inPlace(NodeClient client) {
    return client
        .change(
            channel ->
                BackupTables.stub(channel, client)
                    .createBackup(CreateBackupRequest.getDefaultInstance()))
        .getBackup();
  }

  private Backup toFile(NodeClient client, Path file) throws IOException {
    long keepSeconds = wholeSeconds("--keep-for", keepFor);
    try (BackupDownload download = BackupDownload.to(file)) {
      String id =
          client.read(channel -> download.receive(BackupTables.stub(channel, client), keepSeconds));
      BackupFiles.Contents found = files.read(download.partial().toString(), false);
      download.requireSame(found);
      download.publish();
      ConfirmBackupRequest request =
          ConfirmBackupRequest.newBuilder()
              .setBackupId(id)
              .setLogTerm(found.logTerm())
              .setLogIndex(found.logIndex())
              .setSizeBytes(found.sizeBytes())
              .setSha256(found.sha256())
              .setStateHash(found.stateHash())
              .build();
      try {
        return client
            .changeOnce(channel -> BackupTables.stub(channel, client).confirmBackup(request))
            .getBackup();
      } catch (CallFailedException e) {
        err()
            .println(
                "%s is a good backup, but the cluster was not told, and will not keep the blobs that it refers to for more than a few hours"
                    .formatted(file));
        throw e;
      }
    }
  }
}
