package dev.assetmanagerd.raft;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What {@code node.json} says: whose a data directory is, and how it stands.
 *
 * @param clusterId name of the cluster
 * @param nodeId which member
 * @param lineage which of the cluster's lives: empty for the first, else named by the backup that
 *     this one was restored from. Members of different lineages do not know each other
 * @param bootstrapped whether Raft has ever run here; its data must then be there
 * @param joined whether the node was added to a cluster that others had founded
 * @param member whether such a node has ever been a member; until then it waits to be
 * @param grown whether it ever had companions: its votes and leases then concern others
 * @param damaged why the data must not be used any more; empty while they may be
 * @param removed when the cluster has removed the node: what it says of that; else empty
 * @param founders incarnation of each founder, where the node is one of them; else empty
 * @param joinedBehind where the node was added: last log index that the cluster had committed
 *     before it was; -1 where it was not, or was by an older program
 * @param restored whether the data come from a backup and have not been started with yet
 */
record NodeMarker(
    String clusterId,
    String nodeId,
    String lineage,
    boolean bootstrapped,
    boolean joined,
    boolean member,
    boolean grown,
    String damaged,
    String removed,
    SortedMap<String, String> founders,
    long joinedBehind,
    boolean restored) {
  NodeMarker {
    founders = Collections.unmodifiableSortedMap(new TreeMap<>(founders));
  }

  /** A directory that nothing has been done with yet, of the first lineage. */
  static NodeMarker fresh(String clusterId, String nodeId) {
    return new NodeMarker(
        clusterId,
        nodeId,
        "",
        false,
        false,
        false,
        false,
        "",
        "",
        Collections.emptySortedMap(),
        -1,
        false);
  }

  NodeMarker withLineage(String newLineage) {
    return new NodeMarker(
        clusterId,
        nodeId,
        newLineage,
        bootstrapped,
        joined,
        member,
        grown,
        damaged,
        removed,
        founders,
        joinedBehind,
        restored);
  }

  NodeMarker withBootstrapped() {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        true,
        joined,
        member,
        grown,
        damaged,
        removed,
        founders,
        joinedBehind,
        restored);
  }

  NodeMarker withDamaged(String reason) {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        joined,
        member,
        grown,
        reason,
        removed,
        founders,
        joinedBehind,
        restored);
  }

  NodeMarker withJoined(long behind) {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        true,
        member,
        true,
        damaged,
        removed,
        founders,
        behind,
        restored);
  }

  NodeMarker withMember() {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        joined,
        true,
        grown,
        damaged,
        removed,
        founders,
        joinedBehind,
        restored);
  }

  NodeMarker withGrown() {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        joined,
        member,
        true,
        damaged,
        removed,
        founders,
        joinedBehind,
        restored);
  }

  NodeMarker withRemoved(String reason) {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        joined,
        member,
        grown,
        damaged,
        reason,
        founders,
        joinedBehind,
        restored);
  }

  NodeMarker withFounders(SortedMap<String, String> all) {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        joined,
        member,
        grown,
        damaged,
        removed,
        all,
        joinedBehind,
        restored);
  }

  NodeMarker withRestored(boolean unstarted) {
    return new NodeMarker(
        clusterId,
        nodeId,
        lineage,
        bootstrapped,
        joined,
        member,
        grown,
        damaged,
        removed,
        founders,
        joinedBehind,
        unstarted);
  }

  /**
   * Reads a file that exists.
   *
   * @throws IOException when it cannot be read, or is not what {@link #write} makes
   */
  static NodeMarker read(Path file) throws IOException {
    try {
      JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
      return new NodeMarker(
          text(json, "cluster_id"),
          text(json, "node_id"),
          text(json, "lineage"),
          flag(json, "bootstrapped"),
          flag(json, "joined"),
          flag(json, "member"),
          flag(json, "grown"),
          text(json, "damaged"),
          text(json, "removed"),
          founders(json),
          json.has("joined_behind") ? json.get("joined_behind").getAsLong() : -1,
          flag(json, "restored"));
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | NumberFormatException
        | ClassCastException e) {
      throw new IOException(file + " is damaged", e);
    }
  }

  /** Replaces the file; durable when this returns. */
  void write(Path file) throws IOException {
    var json = new JsonObject();
    json.addProperty("cluster_id", clusterId);
    json.addProperty("node_id", nodeId);
    if (!lineage.isEmpty()) {
      json.addProperty("lineage", lineage);
    }
    json.addProperty("bootstrapped", bootstrapped);
    if (joined) {
      json.addProperty("joined", true);
    }
    if (member) {
      json.addProperty("member", true);
    }
    if (grown) {
      json.addProperty("grown", true);
    }
    if (!damaged.isEmpty()) {
      json.addProperty("damaged", damaged);
    }
    if (!removed.isEmpty()) {
      json.addProperty("removed", removed);
    }
    if (!founders.isEmpty()) {
      var incarnations = new JsonObject();
      founders.forEach(incarnations::addProperty);
      json.add("founders", incarnations);
    }
    if (joinedBehind >= 0) {
      json.addProperty("joined_behind", joinedBehind);
    }
    if (restored) {
      json.addProperty("restored", true);
    }
    FilesDurable.write(file, json + "\n");
  }

  private static SortedMap<String, String> founders(JsonObject json) {
    SortedMap<String, String> founders = new TreeMap<>();
    if (json.has("founders")) {
      json.getAsJsonObject("founders")
          .entrySet()
          .forEach(founder -> founders.put(founder.getKey(), founder.getValue().getAsString()));
    }
    return founders;
  }

  private static boolean flag(JsonObject json, String field) {
    JsonElement value = json.get(field);
    return value != null && value.getAsBoolean();
  }

  private static String text(JsonObject json, String field) {
    return json.has(field) ? json.get(field).getAsString() : "";
  }
}
