package dev.assetmanagerd.server;

import dev.assetmanagerd.storage.place.FileAccess;
import dev.assetmanagerd.storage.place.Placement;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import dev.assetmanagerd.storage.place.PlacementMethod;
import dev.assetmanagerd.storage.place.RootReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries out at the start of a node what can be placed where, and says so in the log. A root that is
 * no directory, and an owner that files cannot be given to, are mistakes in the configuration and
 * stop the node. One that is not there yet, or cannot be written to now, is a warning: it may be
 * mounted or made later, and the node has other work.
 */
final class PrepareRoots {
  private static final Logger log = LoggerFactory.getLogger(PrepareRoots.class);

  private PrepareRoots() {}

  /**
   * @param sourceDirectories on the file systems that files are placed from
   */
  static void check(Placement placement, List<Path> sourceDirectories, FileAccess access)
      throws StartException {
    for (Path sourceDirectory : sourceDirectories) {
      for (RootReport report : placement.probe(sourceDirectory, access)) {
        if (report instanceof RootReport.Usable usable) {
          say(usable, sourceDirectory);
        } else if (report instanceof RootReport.Missing missing) {
          log.info("PREPARE_ROOTS: {} does not exist; it is made when first used", missing.root());
        } else if (report instanceof RootReport.Unusable unusable) {
          stopOrWarn(unusable, access);
        }
      }
    }
  }

  private static void say(RootReport.Usable root, Path sourceDirectory) {
    log.info(
        "PREPARE_ROOTS: {}: read-only files from {} are {}, writable ones {}",
        root.root(),
        sourceDirectory,
        text(root.readOnly()),
        text(root.writable()));
    if (root.readOnly() != PlacementMethod.LINKED) {
      log.warn(
          "PREPARE_ROOTS: {} is not on the file system, under the same mount, of the files that"
              + " are placed from {}: read-only assets are {} into each VM's directory",
          root.root(),
          sourceDirectory,
          text(root.readOnly()));
    }
  }

  private static void stopOrWarn(RootReport.Unusable root, FileAccess access)
      throws StartException {
    if (root.reason() == Reason.OWNER_REFUSED) {
      throw new StartException(
          "PREPARE_OWNER: " + access.owner().orElseThrow() + ": " + root.problem());
    }
    if (root.reason() == Reason.IN_THE_WAY) {
      throw new StartException("PREPARE_ROOTS: " + root.root() + " " + root.problem());
    }
    log.warn("PREPARE_ROOTS: nothing can be placed in {}: {}", root.root(), root.problem());
  }

  private static String text(PlacementMethod method) {
    return method.name().toLowerCase(Locale.ROOT);
  }
}
