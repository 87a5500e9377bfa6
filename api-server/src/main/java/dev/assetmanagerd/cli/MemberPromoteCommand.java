package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.PromoteMemberRequest;
import dev.assetmanagerd.cluster.v1.PromoteMemberResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code cluster promote}. */
@Command(name = "promote", description = "Makes a listener a voter. May be repeated.")
final class MemberPromoteCommand extends MemberChangeCommand {
  @Parameters(paramLabel = "NODE", description = "Id of the listener.")
  private String nodeId = "";

  @Override
  int run(NodeClient client) throws IOException {
    PromoteMemberRequest request = PromoteMemberRequest.newBuilder().setNodeId(nodeId).build();
    PromoteMemberResponse promoted =
        client.changeOnce(channel -> cluster(channel, client).promoteMember(request));
    return done(
        promoted,
        "%s is a %s, after %d ms"
            .formatted(
                promoted.getMember().getNodeId(),
                promoted.getMember().getRole(),
                promoted.getTookMillis()));
  }
}
