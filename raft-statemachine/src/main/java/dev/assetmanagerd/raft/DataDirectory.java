package dev.assetmanagerd.raft;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's data directory and whose it is.
 *
 * <pre>
 *   raft/       Ratis: votes, log, snapshots
 *   db/         the live database; never below Ratis's "sm", which installing a snapshot replaces
 *   node.json   {@link NodeMarker}: cluster id, node id, lineage, how it stands
 * </pre>
 *
 * <p>{@code node.json} exists because Ratis takes a missing or empty {@code raft/} for a first
 * start and formats it: a node that has voted and forgets it may vote twice in one term.
 */
final class DataDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(DataDirectory.class);

  private static final String MARKER = "node.json";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private final Path root;
  private NodeMarker owner;

  private DataDirectory(Path root, NodeMarker owner) {
    this.root = root;
    this.owner = owner;
  }

  /**
   * Opens or makes the directory.
   *
   * @throws IOException when it belongs to another node or cluster, when it was found damaged
   *     before, or when Raft's data is gone
   */
  static DataDirectory open(RaftNodeOptions options) throws IOException {
    requireName("cluster id", options.clusterId());
    requireName("node id", options.nodeId());
    var directory =
        new DataDirectory(options.dataDirectory().toAbsolutePath(), whereNothingIs(options));
    directory.check();
    Files.createDirectories(FilesDurable.directoryOf(directory.database()));
    return directory;
  }

  private static NodeMarker whereNothingIs(RaftNodeOptions options) {
    NodeMarker fresh = NodeMarker.fresh(options.clusterId(), options.nodeId());
    return options
        .joining()
        .map(joining -> fresh.withLineage(joining.lineage()).withJoined(joining.behind()))
        .or(
            () ->
                options
                    .founding()
                    .map(
                        founding ->
                            fresh
                                .withLineage(founding.lineage())
                                .withFounders(founding.founders())))
        .orElse(fresh);
  }

  private static void requireName(String what, String value) throws IOException {
    if (!NAME.matcher(value).matches()) {
      throw new IOException(what + " \"" + value + "\" does not match " + NAME.pattern());
    }
  }

  Path raft() {
    return root.resolve("raft");
  }

  /** Ratis's directory of the node's group. */
  private Path group() {
    return raft()
        .resolve(RatisConfig.groupId(owner.clusterId(), owner.lineage()).getUuid().toString());
  }

  /** The directory that Ratis keeps votes in; made by it. */
  Path votes() {
    return group().resolve("current");
  }

  Path database() {
    return root.resolve("db").resolve("registry.db");
  }

  /** Whether no node has lived here yet. */
  boolean isFresh() {
    return !owner.bootstrapped() && !Files.exists(database());
  }

  /** Which of the cluster's lives the data are of; empty for the first. */
  String lineage() {
    return owner.lineage();
  }

  /** Says whose the directory is. To be called before Ratis writes to it. */
  void markOwned() throws IOException {
    if (!Files.exists(marker())) {
      mark(owner);
    }
    Incarnation.forget(root);
  }

  /** Incarnation of each founder, where the node is one of them; else empty. */
  SortedMap<String, String> founders() {
    return owner.founders();
  }

  /** Log index up to which configurations are older than the node's membership; -1 for none. */
  long joinedBehind() {
    return owner.joinedBehind();
  }

  /** Whether nothing was ever kept in a directory: its node has not started there yet. */
  static boolean isFresh(Path dataDirectory) {
    return !Files.exists(dataDirectory.resolve(MARKER));
  }

  /** Whether the node was added to a cluster, or waits to be, instead of founding one. */
  boolean joined() {
    return owner.joined();
  }

  /** Whether the node waits for a cluster to add it for the first time. */
  synchronized boolean waitsToBeAdded() {
    return owner.joined() && !owner.member();
  }

  /** The cluster has added this node. */
  synchronized void markMember() throws IOException {
    mark(owner.withMember());
  }

  /** Whether the node ever had companions, as far as its configuration does not tell. */
  boolean grown() {
    return owner.grown();
  }

  /** This node is about to have companions. Durable when this returns. */
  synchronized void markGrown() throws IOException {
    if (!owner.grown()) {
      mark(owner.withGrown());
    }
  }

  /**
   * The cluster goes on without this node: from now on every start is refused.
   *
   * @param reason for people; not empty
   */
  synchronized void markRemoved(String reason) throws IOException {
    mark(owner.withRemoved(reason));
  }

  /**
   * A directory that was restored is none any more: its node is about to say something to others.
   *
   * @param members ids of those that found the restored cluster
   */
  synchronized void markStarted(Set<String> members) throws IOException {
    if (owner.restored().unstarted()) {
      mark(owner.withRestoredStarted(members));
    }
  }

  /** The lineage of a directory that was restored and not started with yet; else empty. */
  static Optional<String> restoredLineage(Path dataDirectory) throws IOException {
    Path marker = dataDirectory.resolve(MARKER);
    if (!Files.exists(marker)) {
      return Optional.empty();
    }
    NodeMarker found = NodeMarker.read(marker);
    return found.restored().unstarted() ? Optional.of(found.lineage()) : Optional.empty();
  }

  /** Raft has formatted its directory; from now on a start without it is refused. */
  synchronized void markBootstrapped() throws IOException {
    if (!owner.bootstrapped()) {
      mark(owner.withBootstrapped());
    }
  }

  /**
   * From now on every start is refused for this reason, until the directory is rebuilt.
   *
   * @param reason for people; not empty
   */
  synchronized void markDamaged(String reason) throws IOException {
    mark(owner.withDamaged(reason));
  }

  /**
   * Checks that the data are whole and of no other cluster, before they are used.
   *
   * @param peers ids of the members that the node is configured with
   * @throws DamagedException saying what is damaged, missing or foreign
   * @throws IOException when a founder that has no entry yet is configured with other members than
   *     those that it founds the cluster with: it would count majorities differently
   */
  void requireWhole(Set<String> peers) throws IOException {
    Path group = group();
    requireNoOther(group);
    boolean begun = false;
    if (!owner.bootstrapped()) {
      removeUnfinished(group);
    }
    if (owner.bootstrapped() || !FilesDurable.isMissingOrEmpty(group)) {
      begun = new DirectoryCheck(group, database(), owner).run();
    }
    Set<String> founders =
        owner.founders().isEmpty() ? owner.restored().members() : owner.founders().keySet();
    if (!begun && !founders.isEmpty() && !founders.equals(peers)) {
      throw new IOException(
          "this node founds its cluster with %s, and has not heard of a leader yet: until then CLUSTER_PEERS has to name them, and names %s"
              .formatted(founders, new TreeSet<>(peers)));
    }
  }

  /**
   * Removes what Ratis was making at the first start of all, as it would by itself: without a file
   * for votes the node has neither voted nor acknowledged anything.
   */
  private static void removeUnfinished(Path group) throws IOException {
    Path current = group.resolve("current");
    if (FilesDurable.isMissingOrEmpty(group) || Files.exists(current.resolve("raft-meta"))) {
      return;
    }
    boolean log = false;
    if (Files.isDirectory(current)) {
      try (DirectoryStream<Path> segments = Files.newDirectoryStream(current, "log_*")) {
        log = segments.iterator().hasNext();
      }
    }
    if (!log) {
      LOG.info("removing {}, which the first start of this node was interrupted in making", group);
      FilesDurable.deleteRecursively(group);
    }
  }

  private void requireNoOther(Path group) throws IOException {
    if (!Files.isDirectory(raft())) {
      return;
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(raft(), Files::isDirectory)) {
      for (Path found : groups) {
        if (!found.equals(group)) {
          throw new DamagedException(
              "%s is data of another cluster, or of this one before it was restored from a backup"
                  .formatted(found));
        }
      }
    }
  }

  /** Clears what an interrupted snapshot or installation left. Call before Ratis starts. */
  void clearLeftovers() throws IOException {
    Leftovers.clear(root.resolve("db"), raft());
  }

  private Path marker() {
    return root.resolve(MARKER);
  }

  private void check() throws IOException {
    RestoredDirectory.requireFinished(root);
    boolean noRaft = FilesDurable.isMissingOrEmpty(raft());
    if (!Files.exists(marker())) {
      if (!noRaft || Files.exists(database())) {
        throw new IOException(
            "%s holds data of a node, but not %s, which says whose: restore it, or use an empty directory"
                .formatted(root, marker()));
      }
      return;
    }
    NodeMarker found = NodeMarker.read(marker());
    requireSame("cluster id", found.clusterId(), owner.clusterId());
    requireSame("node id", found.nodeId(), owner.nodeId());
    if (!found.removed().isEmpty()) {
      throw new IOException(
          ("%s. Its data in %s are of no more use to it: empty the directory to add the node again,"
                  + " with UNKEY_ASSETMANAGERD_CLUSTER_JOIN")
              .formatted(found.removed(), root));
    }
    if (!found.damaged().isEmpty()) {
      throw new DamagedException(
          "%s says that the data here must not be used: %s".formatted(marker(), found.damaged()));
    }
    if (found.bootstrapped() && noRaft) {
      throw new DamagedException(
          "%s says that node %s has been part of cluster %s, but %s is missing or empty, and with it the votes of this node"
              .formatted(marker(), found.nodeId(), found.clusterId(), raft()));
    }
    owner = found;
  }

  private void mark(NodeMarker marked) throws IOException {
    marked.write(marker());
    owner = marked;
  }

  private void requireSame(String what, String found, String expected) throws IOException {
    if (!found.equals(expected)) {
      throw new IOException(
          "%s belongs to %s \"%s\", but this node is configured as \"%s\""
              .formatted(root, what, found, expected));
    }
  }
}
