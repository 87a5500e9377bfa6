package dev.assetmanagerd.raft;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data directory of a node that does not run, from outside: what was noted in it, and how it is
 * emptied for the node to come back from the others' data. Not thread-safe; the caller makes sure
 * that no process uses the directory.
 */
public final class NodeData {
  private static final Logger LOG = LoggerFactory.getLogger(NodeData.class);
  private static final String MARKER = "node.json";

  /** In this order: while the marker is there, what is missing beside it is noticed. */
  private static final List<String> PARTS = List.of("raft", "removed-groups", "db", MARKER);

  private final Path root;

  /**
   * @param dataDirectory of the node; may be missing
   */
  public NodeData(Path dataDirectory) {
    this.root = dataDirectory.toAbsolutePath();
  }

  /** Whether nothing was ever kept here. */
  public boolean isEmpty() throws IOException {
    for (String part : PARTS) {
      if (Files.exists(root.resolve(part))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Why a running node has noted that these data must not be used any more; empty when it has not.
   *
   * @throws IOException when the note cannot be read
   */
  public Optional<String> notedDamage() throws IOException {
    Path marker = root.resolve(MARKER);
    return Files.exists(marker)
        ? Optional.of(NodeMarker.read(marker).damaged()).filter(reason -> !reason.isEmpty())
        : Optional.empty();
  }

  /**
   * Moves everything that a node keeps into a directory of its own below the data directory, in
   * place of what was set aside before. Interrupted, it can be repeated; until it has ended, no
   * node starts with what is left.
   *
   * @param aside name of that directory
   * @throws IOException when something cannot be moved
   */
  public void setAside(String aside) throws IOException {
    Path target = root.resolve(aside);
    Files.createDirectories(target);
    for (String part : PARTS) {
      Path from = root.resolve(part);
      if (Files.exists(from)) {
        FilesDurable.deleteRecursively(target.resolve(part));
        FilesDurable.move(from, target.resolve(part));
        FilesDurable.syncDirectory(root);
      }
    }
    LOG.info("what was in {} is in {} now", root, target);
  }

  /** Deletes all directories whose names begin like this, but for one. */
  public void forget(String prefix, String kept) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(root, prefix + "*")) {
      for (Path directory : found) {
        if (!directory.equals(root.resolve(kept))) {
          FilesDurable.deleteRecursively(directory);
        }
      }
    }
  }
}
