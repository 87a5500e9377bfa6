package dev.assetmanagerd.raft;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

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
 * @param restored where the data come from a backup: as far as that still matters
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
    Restored restored) {
  /**
   * What is known of a restore.
   *
   * @param unstarted whether no node has started with the data yet
   * @param index of the last entry in the backup; -1 where the data come from none
   * @param members ids of those that the node first started with, which found the cluster anew;
   *     empty before
   */
  record Restored(boolean unstarted, long index, SortedSet<String> members) {
    static final Restored NOT = new Restored(false, -1, Collections.emptySortedSet());

    Restored {
      members = Collections.unmodifiableSortedSet(new TreeSet<>(members));
    }
  }

  NodeMarker {
    founders = Collections.unmodifiableSortedMap(new TreeMap<>(founders));
  }

  /** Changes on the way to another marker. */
  private static final class Draft {
    private String lineage;
    private boolean bootstrapped;
    private boolean joined;
    private boolean member;
    private boolean grown;
    private String damaged;
    private String removed;
    private SortedMap<String, String> founders;
    private long joinedBehind;
    private Restored restored;

    Draft(NodeMarker from) {
      lineage = from.lineage;
      bootstrapped = from.bootstrapped;
      joined = from.joined;
      member = from.member;
      grown = from.grown;
      damaged = from.damaged;
      removed = from.removed;
      founders = from.founders;
      joinedBehind = from.joinedBehind;
      restored = from.restored;
    }
  }

  private NodeMarker with(Consumer<Draft> changes) {
    var draft = new Draft(this);
    changes.accept(draft);
    return new NodeMarker(
        clusterId,
        nodeId,
        draft.lineage,
        draft.bootstrapped,
        draft.joined,
        draft.member,
        draft.grown,
        draft.damaged,
        draft.removed,
        draft.founders,
        draft.joinedBehind,
        draft.restored);
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
        Restored.NOT);
  }

  NodeMarker withLineage(String newLineage) {
    return with(draft -> draft.lineage = newLineage);
  }

  NodeMarker withBootstrapped() {
    return with(draft -> draft.bootstrapped = true);
  }

  NodeMarker withDamaged(String reason) {
    return with(draft -> draft.damaged = reason);
  }

  NodeMarker withJoined(long behind) {
    return with(
        draft -> {
          draft.joined = true;
          draft.grown = true;
          draft.joinedBehind = behind;
        });
  }

  NodeMarker withMember() {
    return with(draft -> draft.member = true);
  }

  NodeMarker withGrown() {
    return with(draft -> draft.grown = true);
  }

  NodeMarker withRemoved(String reason) {
    return with(draft -> draft.removed = reason);
  }

  NodeMarker withFounders(SortedMap<String, String> all) {
    return with(draft -> draft.founders = all);
  }

  /** From a backup that ends with that entry, and not started with yet. */
  NodeMarker withRestored(long index) {
    return with(draft -> draft.restored = new Restored(true, index, Collections.emptySortedSet()));
  }

  /** As {@link #withRestored}, and started with these members. */
  NodeMarker withRestoredStarted(Collection<String> members) {
    return with(
        draft -> draft.restored = new Restored(false, restored.index, new TreeSet<>(members)));
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
          restored(json));
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
    if (restored.unstarted()) {
      json.addProperty("restored", true);
    }
    if (restored.index() >= 0) {
      json.addProperty("restored_at", restored.index());
    }
    if (!restored.members().isEmpty()) {
      var members = new JsonArray();
      restored.members().forEach(members::add);
      json.add("restored_with", members);
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

  private static Restored restored(JsonObject json) {
    SortedSet<String> members = new TreeSet<>();
    if (json.has("restored_with")) {
      json.getAsJsonArray("restored_with").forEach(member -> members.add(member.getAsString()));
    }
    return new Restored(
        flag(json, "restored"),
        json.has("restored_at") ? json.get("restored_at").getAsLong() : -1,
        members);
  }

  private static boolean flag(JsonObject json, String field) {
    JsonElement value = json.get(field);
    return value != null && value.getAsBoolean();
  }

  private static String text(JsonObject json, String field) {
    return json.has(field) ? json.get(field).getAsString() : "";
  }
}
