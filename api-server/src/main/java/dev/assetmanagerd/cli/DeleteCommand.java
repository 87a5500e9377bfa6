package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset delete}. */
@Command(
    name = "delete",
    description = {
      "Deletes an asset. One that is leased stays, unless --force ends its leases;",
      "the exit code is 5 then."
    })
final class DeleteCommand extends ChangeCommand {
  @Parameters(paramLabel = "ID", description = "Id of the asset.")
  private String id = "";

  @Option(names = "--force", description = "Ends its leases, and deletes it all the same.")
  private boolean force;

  @Override
  int run(NodeClient client) throws IOException {
    DeleteAssetRequest request = DeleteAssetRequest.newBuilder().setId(id).setForce(force).build();
    DeleteAssetResponse response =
        change(client, channel -> assets(channel, client).deleteAsset(request));
    if (json()) {
      printJson(response);
    } else if (response.getDeleted()) {
      out().println(response.getMessage());
    }
    if (!response.getDeleted()) {
      err().println("error: failed_precondition: " + response.getMessage());
      return ExitCodes.CONFLICT;
    }
    return ExitCodes.OK;
  }
}
