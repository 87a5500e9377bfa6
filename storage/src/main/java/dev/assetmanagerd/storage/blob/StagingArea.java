package dev.assetmanagerd.storage.blob;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The directory of a store where files lie until they are put into place. */
public final class StagingArea {
  static final String NAME = ".staging";

  private static final Logger log = LoggerFactory.getLogger(StagingArea.class);

  private final Path directory;
  private final String nodeId;

  StagingArea(Path realRoot, String nodeId) {
    this(nodeId, realRoot.resolve(NAME));
  }

  private StagingArea(String nodeId, Path directory) {
    this.directory = directory;
    this.nodeId = nodeId;
  }

  /** One that is this directory, of a store whose blobs are elsewhere. */
  public static StagingArea at(Path directory, String nodeId) {
    return new StagingArea(nodeId, directory);
  }

  /** Where the files lie. */
  public Path directory() {
    return directory;
  }

  boolean isPresent() {
    return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS);
  }

  Path newFile() {
    return directory.resolve(StagedName.next(nodeId));
  }

  /** Writes a file, renames it the way a blob is, and reads it back. */
  void probe() throws IOException {
    Path staged = newFile();
    Path outside = directory.resolveSibling("." + staged.getFileName());
    String content = "written by " + staged.getFileName();
    try {
      write(staged, content.getBytes(UTF_8));
      Files.move(staged, outside, StandardCopyOption.ATOMIC_MOVE);
      String found = Files.readString(outside);
      if (!found.equals(content)) {
        throw new IOException(
            "a file of " + content.length() + " characters came back as \"" + found + "\"");
      }
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException(directory + " is on another file system than the blobs", e);
    } finally {
      Files.deleteIfExists(staged);
      Files.deleteIfExists(outside);
    }
  }

  /** Deletes what this node left here before it was last stopped. */
  public int deleteOwn() throws IOException {
    return delete(file -> StagedName.isOf(nodeId, nameOf(file)));
  }

  /** Deletes what any node left here and nobody has written to for a while. */
  public int deleteOlderThan(Duration age) throws IOException {
    FileTime limit = FileTime.from(now().minus(age));
    return delete(file -> StagedName.isStaged(nameOf(file)) && isOlder(file, limit));
  }

  /** The present time by the clock that makes the files' times: the file server's. */
  Instant now() throws IOException {
    Path now = newFile();
    try {
      touch(now);
      return Files.getLastModifiedTime(now, LinkOption.NOFOLLOW_LINKS).toInstant();
    } finally {
      Files.deleteIfExists(now);
    }
  }

  private int delete(Predicate<Path> which) throws IOException {
    int deleted = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (which.test(file) && Files.deleteIfExists(file)) {
          log.info("Deleted {}, left over from an upload that did not end", file);
          deleted++;
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return deleted;
  }

  private static boolean isOlder(Path file, FileTime limit) {
    try {
      return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).compareTo(limit) < 0;
    } catch (NoSuchFileException e) {
      return false; // its upload has just ended
    } catch (IOException e) {
      log.warn("Cannot tell the age of {}: {}", file, e.toString());
      return false;
    }
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static void touch(Path file) throws IOException {
    write(file, new byte[] {1});
  }

  /** Makes a small file that is on the disk when this returns. */
  static void write(Path file, byte[] content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(content);
      while (left.hasRemaining()) {
        channel.write(left);
      }
      channel.force(true);
    }
  }
}
