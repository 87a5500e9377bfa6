package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import dev.assetmanagerd.storage.place.PlacementRequest.Created;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/**
 * The directories that may be written to. A path is taken apart and followed one component at a
 * time, so that no symbolic link on it leads out of them.
 */
final class AllowedRoots {
  private static final Set<PosixFilePermission> PERMISSIONS =
      PosixFilePermissions.fromString("rwxr-xr-x");

  private final List<Path> roots;

  AllowedRoots(List<Path> roots) {
    for (Path root : roots) {
      if (!root.isAbsolute()) {
        throw new IllegalArgumentException("allowed root " + root + " is not absolute");
      }
    }
    this.roots = roots.stream().map(Path::normalize).toList();
  }

  List<Path> all() {
    return roots;
  }

  /**
   * The root that a directory is under, by its name.
   *
   * @param directory absolute and normalised
   */
  Path rootOf(Path directory) throws PlacementException {
    for (Path root : roots) {
      if (directory.startsWith(root)) {
        return root;
      }
    }
    throw new PlacementException(
        Reason.OUTSIDE_ROOTS, directory, "is under none of the allowed roots " + roots, null);
  }

  /**
   * The directory without symbolic links, made where it is missing.
   *
   * @param directory absolute and normalised
   * @param held gets it and the directories on the way to it
   * @param created gets the directories made, outer ones first
   */
  HeldPath enter(Path directory, HeldPaths held, List<Created> created) throws IOException {
    Path root = rootOf(directory);
    Files.createDirectories(root);
    Path real = root.toRealPath();
    HeldPath current = held.add(HeldPath.of(real, real));
    for (Path name : root.relativize(directory)) {
      if (!name.toString().isEmpty()) {
        current = step(current, name, directory, held, created);
      }
    }
    return current;
  }

  private HeldPath step(
      HeldPath parent, Path name, Path directory, HeldPaths held, List<Created> created)
      throws IOException {
    Path path = parent.path().resolve(name);
    boolean made = !Files.exists(path, LinkOption.NOFOLLOW_LINKS) && make(path, created);
    HeldPath next = held.add(parent.child(name));
    if (next.inode().attributes().isSymbolicLink()) {
      return follow(path, next.name(), directory, held);
    }
    requireDirectory(next);
    if (made) {
      Files.setPosixFilePermissions(next.path(), PERMISSIONS); // whatever the umask is
      DurableFiles.syncDirectory(parent.path());
    }
    return next;
  }

  /** False where another request was faster, or somebody else: the caller looks. */
  private static boolean make(Path directory, List<Created> created) throws IOException {
    try {
      Files.createDirectory(directory);
      created.add(new Created(directory, Inode.read(directory, Set.of(LinkOption.NOFOLLOW_LINKS))));
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private static void requireDirectory(HeldPath path) throws IOException {
    if (!path.inode().attributes().isDirectory()) {
      throw new PlacementException(Reason.IN_THE_WAY, path.name(), "is not a directory", null);
    }
  }

  private HeldPath follow(Path path, Path link, Path directory, HeldPaths held) throws IOException {
    Path real;
    try {
      real = path.toRealPath();
    } catch (FileSystemException e) {
      throw new PlacementException(
          Reason.OUTSIDE_ROOTS, directory, "symbolic link " + link + " cannot be followed", e);
    }
    if (!Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS)) {
      throw new PlacementException(Reason.IN_THE_WAY, link, "is not a directory", null);
    }
    for (Path root : roots) {
      if (Files.exists(root) && real.startsWith(root.toRealPath())) {
        return walk(root.toRealPath(), real, held);
      }
    }
    throw new PlacementException(
        Reason.OUTSIDE_ROOTS,
        directory,
        "symbolic link " + link + " leads out of the allowed roots " + roots,
        null);
  }

  /** From a root down, so that links that have taken the place of directories are noticed. */
  private static HeldPath walk(Path root, Path directory, HeldPaths held) throws IOException {
    HeldPath current = held.add(HeldPath.of(root, root));
    for (Path name : root.relativize(directory)) {
      if (!name.toString().isEmpty()) {
        current = held.add(current.child(name));
        requireDirectory(current);
      }
    }
    return current;
  }
}
