package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * Finds files under a root and refuses every way out of it, component by component, so that not
 * even the existence of something outside can be learned.
 */
final class ConfinedDirectory {
  private final Path realRoot;

  /**
   * @param realRoot without symbolic links; directories in it whose names begin with a dot are the
   *     store's own, and symbolic links must not lead there either
   */
  ConfinedDirectory(Path realRoot) {
    this.realRoot = realRoot;
  }

  /** A file that was found; its path has no symbolic links. */
  record Found(Path path, BasicFileAttributes attributes) {}

  /** What is at a location; empty when nothing is. */
  Optional<Found> find(String relative) throws IOException {
    Optional<Found> parent = findParent(relative);
    return parent.isEmpty() ? parent : step(parent.get(), lastName(relative), relative);
  }

  /** The directory that a location lies in; empty when there is none. */
  Optional<Found> findParent(String relative) throws IOException {
    Optional<Found> current = Optional.of(new Found(realRoot, attributes(realRoot)));
    String[] names = relative.split("/", -1);
    for (int i = 0; i < names.length - 1; i++) {
      current = step(current.get(), names[i], relative);
      if (current.isEmpty() || !current.get().attributes().isDirectory()) {
        return Optional.empty();
      }
    }
    return current;
  }

  static String lastName(String relative) {
    return relative.substring(relative.lastIndexOf('/') + 1);
  }

  private Optional<Found> step(Found directory, String name, String location) throws IOException {
    try {
      Path next = directory.path().resolve(name);
      BasicFileAttributes attributes = attributes(next);
      if (!attributes.isSymbolicLink()) {
        return Optional.of(new Found(next, attributes));
      }
      Path real = follow(next, location);
      return Optional.of(new Found(real, attributes(real)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (InvalidPathException e) {
      throw new InvalidLocationException(location, "is no path here: " + e.getReason());
    }
  }

  private Path follow(Path link, String location) throws IOException {
    Path real;
    try {
      real = link.toRealPath();
    } catch (FileSystemException e) {
      throw new InvalidLocationException(
          location, "has a symbolic link in it that cannot be followed");
    }
    if (!real.startsWith(realRoot) || isHidden(real)) {
      throw new InvalidLocationException(location, "leads out of the store by a symbolic link");
    }
    return real;
  }

  private boolean isHidden(Path real) {
    return realRoot.relativize(real).getName(0).toString().startsWith(".");
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}
