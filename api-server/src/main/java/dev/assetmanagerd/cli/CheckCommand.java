package dev.assetmanagerd.cli;

import dev.assetmanagerd.cluster.v1.CheckClusterRequest;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse;
import dev.assetmanagerd.cluster.v1.CheckedReplica;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code cluster check}. */
@Command(
    name = "check",
    description = {
      "Compares the replicas of all nodes at one position of the log, while they are in use.",
      "A node whose replica is not what the majority's is stops, and has to be rebuilt.",
      "Reads every node's whole registry; with many assets, raise --timeout."
    })
final class CheckCommand extends RemoteCommand {
  @Override
  int run(NodeClient client) throws IOException {
    CheckClusterResponse response =
        client.change(
            channel ->
                ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .checkCluster(CheckClusterRequest.getDefaultInstance()));
    if (json()) {
      printJson(response);
    } else {
      print(response);
    }
    return switch (response.getVerdict()) {
      case VERDICT_EQUAL -> ExitCodes.OK;
      case VERDICT_INCOMPLETE -> ExitCodes.UNAVAILABLE;
      default -> ExitCodes.INTEGRITY;
    };
  }

  private void print(CheckClusterResponse response) {
    Table table = new Table("NODE", "API", "TOOK", "HASH", "RESULT");
    for (CheckedReplica replica : response.getReplicasList()) {
      table.add(
          replica.getNodeId(),
          replica.getApiAddress(),
          replica.getHash().isEmpty() ? "-" : replica.getTookMillis() + " ms",
          replica.getHash().isEmpty() ? "-" : replica.getHash(),
          result(response, replica));
    }
    table.print(out());
    out().println(sentence(response));
  }

  private static String result(CheckClusterResponse response, CheckedReplica replica) {
    if (!replica.getError().isEmpty()) {
      return replica.getError();
    }
    if (replica.getDeviates()) {
      return "DIFFERS; stopped, to be rebuilt";
    }
    return response.getVerdict() == CheckClusterResponse.Verdict.VERDICT_UNDECIDED
        ? "not known"
        : "ok";
  }

  private static String sentence(CheckClusterResponse response) {
    String at = " at log index " + response.getIndex();
    return switch (response.getVerdict()) {
      case VERDICT_EQUAL -> "all replicas are equal" + at;
      case VERDICT_INCOMPLETE -> "not all replicas could be compared" + at;
      case VERDICT_DEVIATING -> "replicas differ from the majority's" + at;
      default -> "replicas differ" + at + ", and none has a majority; all go on";
    };
  }
}
