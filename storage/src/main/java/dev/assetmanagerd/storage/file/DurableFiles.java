package dev.assetmanagerd.storage.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * File operations that survive a power loss once they have returned. Thread-safe; blocks for I/O.
 */
public final class DurableFiles {
  private DurableFiles() {}

  /** Flushes a file's content and attributes to the disk. Symbolic links are not followed. */
  public static void syncFile(Path file) throws IOException {
    force(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /** Flushes a directory, that is, the names made and removed in it. */
  public static void syncDirectory(Path directory) throws IOException {
    force(directory, StandardOpenOption.READ);
  }

  /**
   * Copies a file to one that must not exist, with the given permissions (whatever the umask is),
   * and flushes it. A copy that fails is removed.
   *
   * @param permissions like {@code r--r--r--}
   * @return the number of bytes copied
   * @throws SourceChangedException when the source shrank or grew meanwhile
   */
  public static long copy(Path source, Path target, String permissions) throws IOException {
    try (FileChannel in =
        FileChannel.open(source, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      try (FileChannel out =
          FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        long size = transfer(in, out, source);
        setPermissions(target, permissions);
        out.force(true);
        return size;
      } catch (IOException | RuntimeException e) {
        deleteAfter(e, target);
        throw e;
      }
    }
  }

  /**
   * Sets the permissions of a file that this process may read, like {@code r--r--r--}, whatever the
   * umask is. Symbolic links are not followed: it fails.
   */
  public static void setPermissions(Path file, String permissions) throws IOException {
    Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .setPermissions(PosixFilePermissions.fromString(permissions));
  }

  private static long transfer(FileChannel in, FileChannel out, Path source) throws IOException {
    long size = in.size();
    long done = 0;
    while (done < size) {
      long n = in.transferTo(done, size - done, out);
      if (n <= 0) {
        break;
      }
      done += n;
    }
    if (done != size || in.size() != size) {
      throw new SourceChangedException(source, size, in.size());
    }
    return size;
  }

  private static void deleteAfter(Exception cause, Path target) {
    if (cause instanceof FileAlreadyExistsException) {
      return; // somebody else's
    }
    try {
      Files.deleteIfExists(target);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static void force(Path path, OpenOption... options) throws IOException {
    try (FileChannel channel = FileChannel.open(path, Set.of(options))) {
      channel.force(true);
    }
  }
}
