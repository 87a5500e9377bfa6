package dev.assetmanagerd.cli;

import dev.assetmanagerd.backup.v1.ForgetBackupRequest;
import dev.assetmanagerd.backup.v1.ForgetBackupResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code backup forget}. */
@Command(
    name = "forget",
    description = {
      "Deletes a backup that the cluster keeps, and forgets it. Blobs that it alone refers to are",
      "deleted."
    })
final class BackupForgetCommand extends RemoteCommand {
  @Parameters(paramLabel = "ID", description = "Of the backup.")
  private String id = "";

  @Option(names = "--keep-file", description = "Forgets it, and leaves its file where it is.")
  private boolean keepFile;

  @Override
  int run(NodeClient client) throws IOException {
    ForgetBackupRequest request =
        ForgetBackupRequest.newBuilder().setBackupId(id).setKeepFile(keepFile).build();
    ForgetBackupResponse response =
        client.change(channel -> BackupTables.stub(channel, client).forgetBackup(request));
    if (json()) {
      printJson(response);
    } else {
      out().println("forgotten: " + id);
    }
    return ExitCodes.OK;
  }
}
