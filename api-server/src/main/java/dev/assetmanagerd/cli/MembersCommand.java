package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.cluster.v1.Member;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code cluster members}. */
@Command(
    name = "members",
    description = "Shows who is a member by the leader's word, as what, and how far each one is.")
final class MembersCommand extends RemoteCommand {
  @Override
  int run(NodeClient client) throws IOException {
    ListMembersRequest request = ListMembersRequest.newBuilder().setIncludeApplied(true).build();
    ListMembersResponse members =
        client.read(
            channel ->
                ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .listMembers(request));
    if (json()) {
      printJson(members);
    } else {
      print(members);
    }
    return ExitCodes.OK;
  }

  private void print(ListMembersResponse members) {
    out().println("cluster " + members.getClusterId());
    if (!members.getLineage().isEmpty()) {
      out().println("lineage " + members.getLineage());
    }
    out().println("level   " + members.getFormatLevel());
    out().println("commit  " + members.getCommitIndex());
    if (members.getChanging()) {
      out().println("a change of the members is under way");
    }
    Table table =
        new Table("NODE", "ROLE", "LEADS", "API", "RAFT", "MATCHED", "APPLIED", "CONTACT");
    for (Member member : members.getMembersList()) {
      table.add(
          member.getNodeId(),
          member.getRole(),
          member.getLeader() ? "yes" : "-",
          member.getApiAddress(),
          member.getRaftAddress(),
          index(member.getMatchIndex()),
          index(member.getAppliedIndex()),
          contact(member));
    }
    table.print(out());
  }

  private static String index(long index) {
    return index < 0 ? "-" : Long.toString(index);
  }

  private static String contact(Member member) {
    if (member.getLeader()) {
      return "-";
    }
    return member.getLastContactMillis() < 0 ? "never" : member.getLastContactMillis() + " ms ago";
  }
}
