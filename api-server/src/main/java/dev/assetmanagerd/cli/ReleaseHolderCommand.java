package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.ReleaseHolderRequest;
import dev.assetmanagerd.lease.v1.ReleaseHolderResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code lease release-holder}. */
@Command(name = "release-holder", description = "Gives back all leases of a holder.")
final class ReleaseHolderCommand extends ChangeCommand {
  @Parameters(paramLabel = "WHO", description = "The holder, such as the id of a VM.")
  private String holder = "";

  @Override
  int run(NodeClient client) throws IOException {
    ReleaseHolderRequest request = ReleaseHolderRequest.newBuilder().setAcquiredBy(holder).build();
    ReleaseHolderResponse response =
        change(client, channel -> leases(channel, client).releaseHolder(request));
    if (json()) {
      printJson(response);
    } else {
      out().println("released " + response.getReleased());
    }
    return ExitCodes.OK;
  }
}
