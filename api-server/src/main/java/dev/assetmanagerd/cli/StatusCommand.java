package dev.assetmanagerd.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.GetClusterStatusRequest;
import dev.assetmanagerd.cluster.v1.GetClusterStatusResponse;
import dev.assetmanagerd.node.v1.NodeStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cluster status}. */
@Command(name = "status", description = "Shows all nodes, who leads, and how far each one is.")
final class StatusCommand extends RemoteCommand {
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();
  private static final int HASH_CHARS = 12;

  @Option(
      names = "--no-hash",
      description =
          "Leaves out the hash of each node's state, which takes long on a large registry.")
  private boolean noHash;

  @Override
  int run(NodeClient client) {
    GetClusterStatusRequest request =
        GetClusterStatusRequest.newBuilder().setIncludeStateHash(!noHash).build();
    GetClusterStatusResponse status =
        client.read(
            channel ->
                ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .getClusterStatus(request));
    if (json()) {
      out().println(GSON.toJson(toJson(status)));
    } else {
      printTable(status);
    }
    return ExitCodes.OK;
  }

  private void printTable(GetClusterStatusResponse status) {
    out().println("cluster " + status.getClusterId());
    out().println("leader  " + (status.getLeader().isEmpty() ? "none" : status.getLeader()));
    Table table =
        new Table(
            "NODE", "ROLE", "API", "TERM", "COMMIT", "APPLIED", "READY", "LEVEL", "STATE", "ERROR");
    for (NodeStatus node : status.getNodesList()) {
      String hash = node.getStateHash();
      table.add(
          node.getNodeId(),
          node.getRole(),
          node.getApiAddress(),
          Long.toString(node.getTerm()),
          Long.toString(node.getCommitIndex()),
          Long.toString(node.getAppliedIndex()),
          node.getReady() ? "yes" : "no",
          level(node),
          hash.isEmpty() ? "-" : hash.substring(0, Math.min(HASH_CHARS, hash.length())),
          node.getError().isEmpty() ? "-" : node.getError());
    }
    table.print(out());
  }

  /** With what it could be raised to, where that is higher. */
  private static String level(NodeStatus node) {
    if (node.getFormatLevel() == 0) {
      return "-";
    }
    String level = Integer.toString(node.getFormatLevel());
    return node.getFormatLevelMax() > node.getFormatLevel()
        ? level + " of " + node.getFormatLevelMax()
        : level;
  }

  static JsonObject toJson(GetClusterStatusResponse status) {
    JsonArray nodes = new JsonArray();
    status.getNodesList().forEach(node -> nodes.add(toJson(node)));
    JsonObject json = new JsonObject();
    json.addProperty("clusterId", status.getClusterId());
    json.addProperty("leader", status.getLeader());
    json.add("nodes", nodes);
    return json;
  }

  private static JsonObject toJson(NodeStatus node) {
    JsonObject counters = new JsonObject();
    counters.addProperty("commands", node.getWriteCounters().getCommands());
    counters.addProperty("entries", node.getWriteCounters().getEntries());
    counters.addProperty("transactions", node.getWriteCounters().getTransactions());
    JsonObject json = new JsonObject();
    json.addProperty("id", node.getNodeId());
    json.addProperty("role", node.getRole());
    json.addProperty("apiAddress", node.getApiAddress());
    json.addProperty("raftAddress", node.getRaftAddress());
    json.addProperty("term", node.getTerm());
    json.addProperty("commitIndex", node.getCommitIndex());
    json.addProperty("appliedIndex", node.getAppliedIndex());
    json.addProperty("snapshotIndex", node.getSnapshotIndex());
    json.addProperty("stateHash", node.getStateHash());
    json.addProperty("stateHashIndex", node.getStateHashIndex());
    json.addProperty("leaderId", node.getLeaderId());
    json.addProperty("ready", node.getReady());
    json.addProperty("version", node.getVersion());
    json.addProperty("formatLevel", node.getFormatLevel());
    json.addProperty("formatLevelMax", node.getFormatLevelMax());
    json.addProperty("error", node.getError());
    json.add("writeCounters", counters);
    return json;
  }
}
