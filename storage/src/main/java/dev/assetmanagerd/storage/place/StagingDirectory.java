package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the files of one request are made, on the file system that they are for: a directory beside
 * them that this process's user and root alone can enter. Who owns the directory around it (a
 * guest's user, perhaps) can rename it and put another in its place; so it is {@linkplain HeldPath
 * held} and never looked up by name again, and it is not used unless it is this user's own. Nobody
 * else can put a link where a file is about to be chowned or chmodded. Made when first needed. For
 * one thread.
 */
final class StagingDirectory implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StagingDirectory.class);

  private static final Set<PosixFilePermission> OURS_ALONE =
      PosixFilePermissions.fromString("rwx------");

  private final Path directory;
  private @Nullable HeldPath held;

  /**
   * @param parent on the file system that the files are for; exists
   */
  StagingDirectory(Path parent) {
    this.directory = TargetNames.temp(parent);
  }

  /**
   * The path of a file that does not exist yet. It leads there until this is closed, whatever
   * others do around it.
   */
  Path newFile() throws IOException {
    HeldPath ours = held;
    if (ours == null) {
      ours = make();
      held = ours;
    }
    return ours.path().resolve(UUID.randomUUID().toString());
  }

  private HeldPath make() throws IOException {
    Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OURS_ALONE));
    HeldPath found = HeldPath.of(directory, directory);
    boolean ours = false;
    try {
      Inode inode = found.inode();
      ours =
          inode.attributes().isDirectory()
              && inode.uid() == Inode.ownUid()
              && OURS_ALONE.containsAll(inode.permissions());
    } finally {
      if (!ours) {
        found.close();
      }
    }
    if (!ours) {
      throw new PlacementException(
          Reason.IN_THE_WAY,
          "a directory that was just made is not this process's: it was replaced, or the file"
              + " server gives it to another user",
          null);
    }
    return found;
  }

  /** Removes the directory and what is still in it. Failures are logged: it is swept up later. */
  @Override
  public void close() {
    try (HeldPath ours = held) {
      if (ours != null) {
        removeFilesOf(ours);
        removeLogged(directory);
      }
    }
  }

  /** Wherever it is by now. */
  private static void removeFilesOf(HeldPath ours) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(ours.path())) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("Cannot empty {}: {}", ours.name(), e.toString());
    }
  }

  /**
   * Removes what requests of dead processes left in a directory. Failures are logged.
   *
   * @param abandonedBefore what nobody has touched since is a dead process's
   */
  static void sweep(Path parent, FileTime abandonedBefore) {
    try (DirectoryStream<Path> temps = Files.newDirectoryStream(parent, TargetNames::isTemp)) {
      for (Path temp : temps) {
        if (lastChange(temp).compareTo(abandonedBefore) < 0) {
          removeLogged(temp);
        }
      }
    } catch (NoSuchFileException e) {
      log.debug("{} went away meanwhile", e.getFile()); // another request is done
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("Cannot look for abandoned files in {}: {}", parent, e.toString());
    }
  }

  /** Of the directory or a file in it; a file that is being copied changes all the time. */
  private static FileTime lastChange(Path temp) throws IOException {
    FileTime latest = changed(temp);
    if (Files.isDirectory(temp, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(temp)) {
        for (Path file : files) {
          FileTime time = changed(file);
          latest = time.compareTo(latest) > 0 ? time : latest;
        }
      }
    }
    return latest;
  }

  /** The time of the inode's change, for a hard link has its source's modification time. */
  private static FileTime changed(Path file) throws IOException {
    return (FileTime) Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
  }

  private static void removeLogged(Path path) {
    try {
      if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        removeFilesIn(path);
      }
      Files.deleteIfExists(path);
    } catch (NoSuchFileException e) {
      log.debug("{} is gone already", path);
    } catch (DirectoryNotEmptyException e) {
      log.warn("Cannot remove {}: there are directories in it", path);
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("Cannot remove {}: {}", path, e.toString());
    }
  }

  /** Through open directories: were it replaced by a link meanwhile, nothing is removed. */
  private static void removeFilesIn(Path directory) throws IOException {
    Path name = directory.getFileName();
    try (DirectoryStream<Path> parent =
        Files.newDirectoryStream(directory.resolveSibling(""), name::equals)) {
      if (!(parent instanceof SecureDirectoryStream<Path> secureParent)) {
        throw new IOException("this platform cannot remove files safely");
      }
      try (SecureDirectoryStream<Path> inside =
          secureParent.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
        for (Path file : inside) {
          if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            inside.deleteFile(file.getFileName());
          }
        }
      }
    }
  }
}
