package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code asset release}. */
@Command(name = "release", description = "Gives a lease back.")
final class ReleaseCommand extends ChangeCommand {
  @Parameters(paramLabel = "LEASE-ID", description = "Id of the lease, as acquire printed it.")
  private String leaseId = "";

  @Override
  int run(NodeClient client) throws IOException {
    ReleaseAssetRequest request = ReleaseAssetRequest.newBuilder().setLeaseId(leaseId).build();
    ReleaseAssetResponse response =
        change(client, channel -> assets(channel, client).releaseAsset(request));
    if (json()) {
      printJson(response);
    } else if (response.hasAsset()) {
      out()
          .println(
              "released; asset "
                  + response.getAsset().getId()
                  + " has "
                  + response.getAsset().getReferenceCount()
                  + " leases left");
    } else {
      out().println("released; the asset is gone by now");
    }
    return ExitCodes.OK;
  }
}
