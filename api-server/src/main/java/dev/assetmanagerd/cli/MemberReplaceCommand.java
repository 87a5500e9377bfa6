package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.ReplaceMemberRequest;
import dev.assetmanagerd.cluster.v1.ReplaceMemberResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cluster replace}. */
@Command(
    name = "replace",
    description =
        "Adds a node that was started with CLUSTER_JOIN, and when it has caught up has it take"
            + " another one's place. May be repeated.")
final class MemberReplaceCommand extends MemberChangeCommand {
  @Parameters(
      index = "0",
      paramLabel = "NODE",
      description = "Id of the member that goes, alive or not.")
  private String nodeId = "";

  @Parameters(index = "1", paramLabel = "HOST:PORT", description = "The new node's API.")
  private String address = "";

  @Option(names = "--id", paramLabel = "NODE", description = "Fails where another node is there.")
  private String newNodeId = "";

  @Override
  int run(NodeClient client) throws IOException {
    ReplaceMemberRequest request =
        ReplaceMemberRequest.newBuilder()
            .setNodeId(nodeId)
            .setApiAddress(address)
            .setNewNodeId(newNodeId)
            .build();
    ReplaceMemberResponse replaced =
        client.changeOnce(channel -> cluster(channel, client).replaceMember(request));
    return done(
        replaced,
        "%s has taken the place of %s as a %s, after %d ms"
            .formatted(
                replaced.getMember().getNodeId(),
                nodeId,
                replaced.getMember().getRole(),
                replaced.getTookMillis()));
  }
}
