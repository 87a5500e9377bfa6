package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.AddMemberRequest;
import dev.assetmanagerd.cluster.v1.AddMemberResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cluster add}. */
@Command(
    name = "add",
    description =
        "Adds a node that was started with CLUSTER_JOIN, and waits until it has caught up. May be"
            + " repeated.")
final class MemberAddCommand extends MemberChangeCommand {
  @Parameters(paramLabel = "HOST:PORT", description = "The new node's API.")
  private String address = "";

  @Option(names = "--id", paramLabel = "NODE", description = "Fails where another node is there.")
  private String nodeId = "";

  @Option(
      names = "--listener",
      description = "It only follows and serves. Default: it becomes a voter.")
  private boolean listener;

  @Override
  int run(NodeClient client) throws IOException {
    AddMemberRequest request =
        AddMemberRequest.newBuilder()
            .setApiAddress(address)
            .setNodeId(nodeId)
            .setListener(listener)
            .build();
    AddMemberResponse added =
        client.changeOnce(channel -> cluster(channel, client).addMember(request));
    return done(
        added,
        "%s is a %s, and has caught up to %d, after %d ms"
            .formatted(
                added.getMember().getNodeId(),
                added.getMember().getRole(),
                added.getCaughtUpIndex(),
                added.getTookMillis()));
  }
}
