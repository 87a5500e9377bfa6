package dev.assetmanagerd.raft;

import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorageMetadata;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.util.MD5FileUtil;
import org.apache.ratis.util.SizeInBytes;

/**
 * Lays out an empty data directory so that the node that starts on it founds a cluster anew, from a
 * registry that was backed up.
 *
 * <pre>
 *   restoring/             all work is done in here; while it exists, no node starts on the directory
 *   raft/GROUP/current/    Raft's term, which is that of the backup: nothing was voted for
 *   raft/GROUP/sm/         the registry, as the snapshot at the position of the backup
 *   node.json              says whose it is; written last
 * </pre>
 *
 * <p>GROUP is derived from the cluster's name and the new lineage, so nodes that were restored from
 * the same backup find each other, and nobody else. The members are those that the nodes are
 * configured with, as for a first start.
 *
 * <p>Interrupted at any point, it leaves a directory that is refused by nodes and taken by another
 * restore, which removes all that the first has done. Not thread-safe; whoever uses it holds the
 * lock of the directory.
 */
public final class RestoredDirectory {
  private static final String WORK = "restoring";

  /** What a restore makes, in the order in which an unfinished one is removed. */
  private static final List<String> MADE = List.of("node.json", "raft", "db");

  /** What may lie in a directory that counts as empty. */
  private static final String LOCK = "lock";

  /** What a fresh file system has at its top. */
  private static final String LOST_AND_FOUND = "lost+found";

  private final Path root;
  private final Path work;

  private RestoredDirectory(Path root) {
    this.root = root;
    this.work = root.resolve(WORK);
  }

  /**
   * Begins to restore; makes the directory where it is missing.
   *
   * @throws IOException when there is anything in it but what an interrupted restore has left;
   *     nothing is changed then
   */
  public static RestoredDirectory begin(Path dataDirectory) throws IOException {
    var directory = new RestoredDirectory(dataDirectory.toAbsolutePath());
    Files.createDirectories(directory.root);
    if (Files.exists(directory.work)) {
      directory.abandon();
    }
    Optional<Path> found = anythingIn(directory.root);
    if (found.isPresent()) {
      throw new IOException(
          "%s is not empty, it holds %s: a restore needs an empty data directory, and never replaces data"
              .formatted(directory.root, found.get().getFileName()));
    }
    Files.createDirectory(directory.work);
    FilesDurable.syncDirectory(directory.root);
    return directory;
  }

  private static Optional<Path> anythingIn(Path directory) throws IOException {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
      for (Path child : children) {
        if (!child.endsWith(LOCK)
            && !child.endsWith(LOST_AND_FOUND)
            && !Incarnation.isFile(child)) {
          return Optional.of(child);
        }
      }
    }
    return Optional.empty();
  }

  /** Refuses a directory that is being restored, or in which that was interrupted. */
  static void requireFinished(Path root) throws IOException {
    if (Files.exists(root.resolve(WORK))) {
      throw new IOException(
          "restoring %s from a backup was interrupted: run \"assetmanagerd backup restore\" again"
              .formatted(root));
    }
  }

  /** A directory on the same file system, for what has to be unpacked; goes with the end. */
  public Path work() {
    return work;
  }

  /**
   * Finishes: a node may start on the directory when this has returned.
   *
   * @param lineage not empty; the same on all nodes that restore the same backup
   * @param registry a verified copy below {@link #work}, which is taken away from there
   * @throws IOException when it fails; the directory is refused by nodes then, and a restore may be
   *     begun again
   */
  public void finish(String clusterId, String nodeId, String lineage, Path registry)
      throws IOException {
    if (lineage.isEmpty()) {
      throw new IllegalArgumentException("a restored cluster needs a lineage of its own");
    }
    LogPosition position = RegistryDatabase.positionOf(registry);
    if (position.index() < 0) {
      throw new IOException(
          "the registry in the backup holds nothing: there is nothing to restore");
    }
    RaftGroupId group = RatisConfig.groupId(clusterId, lineage);
    Path raft = work.resolve("raft");
    Path groupDirectory = Files.createDirectories(raft.resolve(group.getUuid().toString()));
    format(groupDirectory.toFile(), position.term());
    layOutSnapshot(groupDirectory, registry, position);
    FilesDurable.syncTree(raft); // Ratis syncs no directory
    FilesDurable.move(raft, root.resolve("raft"));
    NodeMarker.fresh(clusterId, nodeId)
        .withLineage(lineage)
        .withBootstrapped()
        .withRestored(position.index())
        .write(root.resolve("node.json"));
    FilesDurable.deleteRecursively(work);
    FilesDurable.syncDirectory(root);
  }

  /** Removes everything that was done; the directory is empty again. */
  public void abandon() throws IOException {
    for (String made : MADE) {
      FilesDurable.deleteRecursively(root.resolve(made));
    }
    FilesDurable.syncDirectory(root);
    FilesDurable.deleteRecursively(work);
    FilesDurable.syncDirectory(root);
  }

  /** As Ratis would, but at a term in which the snapshot's last entry can have been written. */
  private static void format(File groupDirectory, long term) throws IOException {
    RaftStorage storage =
        RaftStorage.newBuilder()
            .setDirectory(groupDirectory)
            .setOption(RaftStorage.StartupOption.FORMAT)
            .setStorageFreeSpaceMin(SizeInBytes.ZERO)
            .build();
    try {
      storage.initialize();
      storage.getMetadataFile().persist(RaftStorageMetadata.valueOf(term, null));
    } finally {
      storage.close();
    }
  }

  private static void layOutSnapshot(Path groupDirectory, Path registry, LogPosition position)
      throws IOException {
    Path snapshots = Files.createDirectories(groupDirectory.resolve("sm"));
    Path snapshot =
        snapshots.resolve(
            SimpleStateMachineStorage.getSnapshotFileName(position.term(), position.index()));
    MD5Hash digest = MD5FileUtil.computeMd5ForFile(registry.toFile());
    FilesDurable.move(registry, snapshot);
    MD5FileUtil.saveMD5File(snapshot.toFile(), digest);
  }
}
