package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.UpgradeClusterRequest;
import dev.assetmanagerd.cluster.v1.UpgradeClusterResponse;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code cluster upgrade}. */
@Command(
    name = "upgrade",
    description = {
      "Raises the format level of the cluster, once all nodes run a newer program.",
      "There is no way back: an older program cannot be started with the cluster's data then."
    })
final class UpgradeCommand extends RemoteCommand {
  @Override
  int run(NodeClient client) throws IOException {
    UpgradeClusterResponse response =
        client.change(
            channel ->
                ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .upgradeCluster(UpgradeClusterRequest.getDefaultInstance()));
    if (json()) {
      printJson(response);
    } else if (response.getFormatLevel() == response.getFromFormatLevel()) {
      out().println("the cluster is at format level " + response.getFormatLevel() + " already");
    } else {
      out()
          .println(
              "the cluster is at format level %d, and was at %d"
                  .formatted(response.getFormatLevel(), response.getFromFormatLevel()));
    }
    return ExitCodes.OK;
  }
}
