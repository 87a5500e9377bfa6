package dev.assetmanagerd.raft;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's data directory and whose it is.
 *
 * <pre>
 *   raft/       Ratis: votes, log, snapshots
 *   db/         the live database; never below Ratis's "sm", which installing a snapshot replaces
 *   node.json   cluster id, node id, bootstrapped
 * </pre>
 *
 * <p>{@code node.json} exists because Ratis takes a missing or empty {@code raft/} for a first
 * start and formats it: a node that has voted and forgets it may vote twice in one term.
 */
final class DataDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(DataDirectory.class);

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private final Path root;
  private final String clusterId;
  private final String nodeId;
  private boolean bootstrapped;

  private DataDirectory(Path root, String clusterId, String nodeId) {
    this.root = root;
    this.clusterId = clusterId;
    this.nodeId = nodeId;
  }

  /**
   * Opens or makes the directory.
   *
   * @throws IOException when it belongs to another node or cluster, or when Raft's data is gone
   */
  static DataDirectory open(RaftNodeOptions options) throws IOException {
    requireName("cluster id", options.clusterId());
    requireName("node id", options.nodeId());
    var directory =
        new DataDirectory(
            options.dataDirectory().toAbsolutePath(), options.clusterId(), options.nodeId());
    directory.check();
    Files.createDirectories(FilesDurable.directoryOf(directory.database()));
    return directory;
  }

  private static void requireName(String what, String value) throws IOException {
    if (!NAME.matcher(value).matches()) {
      throw new IOException(what + " \"" + value + "\" does not match " + NAME.pattern());
    }
  }

  Path raft() {
    return root.resolve("raft");
  }

  Path database() {
    return root.resolve("db").resolve("registry.db");
  }

  /** Says whose the directory is. To be called before Ratis writes to it. */
  void markOwned() throws IOException {
    if (!Files.exists(marker())) {
      writeMarker(false);
    }
  }

  /** Raft has formatted its directory; from now on a start without it is refused. */
  void markBootstrapped() throws IOException {
    if (!bootstrapped) {
      writeMarker(true);
    }
  }

  /** Removes what an interrupted snapshot or installation left. Call before Ratis starts. */
  void removeLeftovers() throws IOException {
    removeMatching(root.resolve("db"), "*.tmp*");
    if (!Files.isDirectory(raft())) {
      return;
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(raft(), Files::isDirectory)) {
      for (Path group : groups) {
        removeMatching(group, "sm.tmp*");
        removeMatching(group.resolve("sm"), "*.tmp*");
        removeMatching(group.resolve("tmp"), "snapshot-*");
      }
    }
  }

  private static void removeMatching(Path directory, String glob) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(directory, glob)) {
      for (Path leftover : leftovers) {
        LOG.info("removing {}, left by an interrupted snapshot", leftover);
        FilesDurable.deleteRecursively(leftover);
      }
    }
  }

  private Path marker() {
    return root.resolve("node.json");
  }

  private void check() throws IOException {
    boolean noRaft = FilesDurable.isMissingOrEmpty(raft());
    if (Files.exists(marker())) {
      JsonObject owner = readMarker();
      requireSame(owner, "cluster_id", clusterId);
      requireSame(owner, "node_id", nodeId);
      bootstrapped = owner.has("bootstrapped") && owner.get("bootstrapped").getAsBoolean();
      if (bootstrapped && noRaft) {
        throw new IOException(
            ("%s says that node %s has been part of cluster %s, but %s is missing or empty. Its"
                    + " votes are lost with it, so it must not rejoin under the same id: restore the"
                    + " directory, or remove the node from the cluster and add it under a new id")
                .formatted(marker(), nodeId, clusterId, raft()));
      }
    } else if (!noRaft || Files.exists(database())) {
      throw new IOException(
          "%s holds data of a node, but not %s, which says whose: restore it, or use an empty directory"
              .formatted(root, marker()));
    }
  }

  private JsonObject readMarker() throws IOException {
    try {
      return JsonParser.parseString(Files.readString(marker())).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new IOException(marker() + " is damaged", e);
    }
  }

  private void writeMarker(boolean isBootstrapped) throws IOException {
    var owner = new JsonObject();
    owner.addProperty("cluster_id", clusterId);
    owner.addProperty("node_id", nodeId);
    owner.addProperty("bootstrapped", isBootstrapped);
    FilesDurable.write(marker(), owner + "\n");
    bootstrapped = isBootstrapped;
  }

  private void requireSame(JsonObject owner, String field, String expected) throws IOException {
    String found = owner.has(field) ? owner.get(field).getAsString() : "";
    if (!found.equals(expected)) {
      throw new IOException(
          "%s belongs to %s \"%s\", but this node is configured as \"%s\""
              .formatted(root, field.replace('_', ' '), found, expected));
    }
  }
}
