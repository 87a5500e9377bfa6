package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.RemoveMemberRequest;
import dev.assetmanagerd.cluster.v1.RemoveMemberResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cluster remove}. */
@Command(
    name = "remove",
    description =
        "Ends a node's membership for good; the node stops. A leader hands over first. May be"
            + " repeated.")
final class MemberRemoveCommand extends MemberChangeCommand {
  @Parameters(paramLabel = "NODE", description = "Id of the member, alive or not.")
  private String nodeId = "";

  @Option(
      names = "--force",
      description = "Also where the others could then not spare one more voter.")
  private boolean force;

  @Override
  int run(NodeClient client) throws IOException {
    RemoveMemberRequest request =
        RemoveMemberRequest.newBuilder().setNodeId(nodeId).setForce(force).build();
    RemoveMemberResponse removed =
        client.changeOnce(channel -> cluster(channel, client).removeMember(request));
    return done(
        removed,
        removed.getRemoved()
            ? "%s was removed, after %d ms".formatted(nodeId, removed.getTookMillis())
            : nodeId + " is no member");
  }
}
