package dev.assetmanagerd.raft;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an interrupted snapshot or installation has left. To be cleared before Ratis starts. */
final class Leftovers {
  private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

  private static final String SNAPSHOTS = "sm";

  private Leftovers() {}

  /**
   * Puts back what an installation had moved aside when it was interrupted, and removes the rest.
   *
   * @param database directory of the live registry; may be missing
   * @param raft Ratis's directory; may be missing
   */
  static void clear(Path database, Path raft) throws IOException {
    removeMatching(database, "*.tmp*");
    if (!Files.isDirectory(raft)) {
      return;
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(raft, Files::isDirectory)) {
      for (Path group : groups) {
        putBackSnapshots(group);
        removeMatching(group, SNAPSHOTS + ".tmp*");
        removeMatching(group.resolve(SNAPSHOTS), "*.tmp*");
        removeMatching(group.resolve("tmp"), "snapshot-*");
      }
    }
  }

  /**
   * Ratis replaces the directory of snapshots by two renames. Between them there is none, and what
   * was moved aside holds the only snapshots.
   */
  private static void putBackSnapshots(Path group) throws IOException {
    Path snapshots = group.resolve(SNAPSHOTS);
    if (Files.exists(snapshots)) {
      return;
    }
    List<Path> aside = matching(group, SNAPSHOTS + ".tmp*");
    if (!aside.isEmpty()) {
      aside.sort(Comparator.comparing(Path::toString)); // by the time in their names
      Path latest = aside.get(aside.size() - 1);
      LOG.warn("{} was moved aside by an interrupted installation, and is put back", latest);
      FilesDurable.move(latest, snapshots);
    }
  }

  private static void removeMatching(Path directory, String glob) throws IOException {
    for (Path leftover : matching(directory, glob)) {
      LOG.info("removing {}, left by an interrupted snapshot", leftover);
      FilesDurable.deleteRecursively(leftover);
    }
  }

  private static List<Path> matching(Path directory, String glob) throws IOException {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> children = Files.newDirectoryStream(directory, glob)) {
        children.forEach(found::add);
      }
    }
    return found;
  }
}
