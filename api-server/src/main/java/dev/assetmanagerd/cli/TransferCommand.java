package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.TransferLeadershipRequest;
import dev.assetmanagerd.cluster.v1.TransferLeadershipResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cluster transfer}. */
@Command(name = "transfer", description = "Hands leadership to another node.")
final class TransferCommand extends RemoteCommand {
  @Option(names = "--to", paramLabel = "NODE", description = "Which one. Default: any other.")
  private String nodeId = "";

  @Override
  int run(NodeClient client) throws IOException {
    TransferLeadershipRequest request =
        TransferLeadershipRequest.newBuilder().setNodeId(nodeId).build();
    TransferLeadershipResponse response =
        client.change(
            channel ->
                ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .transferLeadership(request));
    if (json()) {
      printJson(response);
    } else {
      out().println(response.getLeaderId() + " leads, after " + response.getTookMillis() + " ms");
    }
    return ExitCodes.OK;
  }
}
