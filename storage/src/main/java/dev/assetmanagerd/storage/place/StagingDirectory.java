package dev.assetmanagerd.storage.place;

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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the files of one request are made, on the file system that they are for: a directory beside
 * them that this process alone can look into. Who owns the directory around it (a guest's user,
 * perhaps) cannot know the names inside, and so cannot put a link where a file is about to be
 * chowned. Made when first needed. For one thread.
 */
final class StagingDirectory implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StagingDirectory.class);

  private final Path directory;
  private boolean made;

  /**
   * @param parent on the file system that the files are for; exists
   */
  StagingDirectory(Path parent) {
    this.directory = TargetNames.temp(parent);
  }

  /** The path of a file that does not exist yet. */
  Path newFile() throws IOException {
    if (!made) {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      made = true;
    }
    return directory.resolve(UUID.randomUUID().toString());
  }

  /** Removes the directory and what is still in it. Failures are logged: it is swept up later. */
  @Override
  public void close() {
    if (made) {
      removeLogged(directory);
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
