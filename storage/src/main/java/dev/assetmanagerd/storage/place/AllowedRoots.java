package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/**
 * The directories that may be written to. A path is taken apart and followed one component at a
 * time, so that no symbolic link on it leads out of them.
 */
final class AllowedRoots {
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
   * @param created gets the directories made, outer ones first
   */
  Path enter(Path directory, List<Path> created) throws IOException {
    Path root = rootOf(directory);
    Files.createDirectories(root);
    Path current = root.toRealPath();
    for (Path name : root.relativize(directory)) {
      if (!name.toString().isEmpty()) {
        current = step(current, name, directory, created);
      }
    }
    return current;
  }

  private Path step(Path parent, Path name, Path directory, List<Path> created) throws IOException {
    Path next = parent.resolve(name);
    BasicFileAttributes attributes;
    try {
      attributes = attributes(next);
    } catch (NoSuchFileException e) {
      attributes = make(next, created);
    }
    if (attributes.isSymbolicLink()) {
      return follow(next, directory);
    }
    if (!attributes.isDirectory()) {
      throw new PlacementException(Reason.IN_THE_WAY, next, "is not a directory", null);
    }
    return next;
  }

  private BasicFileAttributes make(Path directory, List<Path> created) throws IOException {
    try {
      Files.createDirectory(directory);
      created.add(directory);
      DurableFiles.setPermissions(directory, "rwxr-xr-x");
      DurableFiles.syncDirectory(directory.resolveSibling(""));
    } catch (FileAlreadyExistsException e) {
      // Another request made it, or something else: the caller looks.
    }
    return attributes(directory);
  }

  private Path follow(Path link, Path directory) throws IOException {
    Path real;
    try {
      real = link.toRealPath();
    } catch (FileSystemException e) {
      throw new PlacementException(
          Reason.OUTSIDE_ROOTS, directory, "symbolic link " + link + " cannot be followed", e);
    }
    if (!Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS)) {
      throw new PlacementException(Reason.IN_THE_WAY, link, "is not a directory", null);
    }
    for (Path root : roots) {
      if (Files.exists(root) && real.startsWith(root.toRealPath())) {
        return real;
      }
    }
    throw new PlacementException(
        Reason.OUTSIDE_ROOTS,
        directory,
        "symbolic link " + link + " leads out of the allowed roots " + roots,
        null);
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}
