package dev.assetmanagerd.cli;

import dev.assetmanagerd.backup.v1.ListBackupsRequest;
import dev.assetmanagerd.backup.v1.ListBackupsResponse;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code backup list}. */
@Command(name = "list", description = "Lists the backups that the cluster knows.")
final class BackupListCommand extends RemoteCommand {
  @Override
  int run(NodeClient client) throws IOException {
    ListBackupsResponse response =
        client.read(
            channel ->
                BackupTables.stub(channel, client)
                    .listBackups(ListBackupsRequest.getDefaultInstance()));
    if (json()) {
      printJson(response);
    } else {
      BackupTables.of(response.getBackupsList()).print(out());
    }
    return ExitCodes.OK;
  }
}
