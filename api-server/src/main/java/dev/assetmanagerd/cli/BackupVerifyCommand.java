package dev.assetmanagerd.cli;

import dev.assetmanagerd.backup.v1.Backup;
import dev.assetmanagerd.backup.v1.VerifyBackupRequest;
import dev.assetmanagerd.backup.v1.VerifyBackupResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code backup verify}. */
@Command(
    name = "verify",
    description = {
      "Reads a backup from end to end, unpacks it and opens its registry, as a restore would. A file",
      "is read by this program alone; a backup that the cluster keeps, by a node."
    })
final class BackupVerifyCommand extends RemoteCommand {
  private static final Duration TIMEOUT = Duration.ofHours(1);
  private static final Pattern ID = Pattern.compile("[0-9A-HJKMNP-TV-Z]{26}");

  private final BackupFiles files;

  @Parameters(
      paramLabel = "FILE|ID",
      description = "A file, an s3:// or file:// URL, or the id of a backup.")
  private String what = "";

  @Option(
      names = "--blobs",
      description = {
        "Also looks whether the blobs that it refers to are in the store; for a file, in the one that",
        "the node's environment variables configure."
      })
  private boolean blobs;

  BackupVerifyCommand(BackupFiles files) {
    this.files = files;
  }

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    VerifyBackupResponse found =
        ID.matcher(what).matches() ? kept(client) : response(files.read(what, blobs));
    if (json()) {
      printJson(found);
    } else {
      print(found);
    }
    return found.getBlobsMissing() > 0 ? ExitCodes.INTEGRITY : ExitCodes.OK;
  }

  private VerifyBackupResponse kept(NodeClient client) {
    VerifyBackupRequest request =
        VerifyBackupRequest.newBuilder().setBackupId(what).setCheckBlobs(blobs).build();
    return client.read(channel -> BackupTables.stub(channel, client).verifyBackup(request));
  }

  private VerifyBackupResponse response(BackupFiles.Contents contents) {
    return VerifyBackupResponse.newBuilder()
        .setBackup(
            Backup.newBuilder()
                .setId(contents.id())
                .setState(Backup.State.STATE_COMPLETE)
                .setLocation(what)
                .setLogIndex(contents.logIndex())
                .setSizeBytes(contents.sizeBytes())
                .setSha256(contents.sha256())
                .setStateHash(contents.stateHash()))
        .setAssets(contents.assets())
        .setLeases(contents.leases())
        .setBlobs(contents.blobs())
        .setBlobsChecked(contents.blobsChecked())
        .setBlobsMissing(contents.blobsMissing())
        .addAllMissingLocations(contents.missingLocations())
        .build();
  }

  private void print(VerifyBackupResponse found) {
    out()
        .println(
            "good: backup %s, %s, registry at index %d: %d assets, %d leases, %d blobs"
                .formatted(
                    found.getBackup().getId(),
                    Table.size(found.getBackup().getSizeBytes()),
                    found.getBackup().getLogIndex(),
                    found.getAssets(),
                    found.getLeases(),
                    found.getBlobs()));
    out().println("state hash " + found.getBackup().getStateHash());
    if (blobs) {
      found.getMissingLocationsList().forEach(location -> out().println("missing: " + location));
      out()
          .println(
              "%d blobs looked for, %d missing"
                  .formatted(found.getBlobsChecked(), found.getBlobsMissing()));
    }
  }
}
