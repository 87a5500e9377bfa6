package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.StaleHandles;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of a store that were found to have wrong bytes: in {@code .quarantine}, where no location
 * leads; see {@link SetAsideName}.
 */
final class DirectoryQuarantine {
  private static final Logger log = LoggerFactory.getLogger(DirectoryQuarantine.class);

  private final Path root;
  private final Path directory;

  DirectoryQuarantine(Path realRoot) {
    this.root = realRoot;
    this.directory = realRoot.resolve(".quarantine");
  }

  /**
   * Moves a file here, unless it is not any more what it was.
   *
   * @param file its name is free when this returns true
   * @param now by the clock of the store
   */
  boolean take(Path file, BlobStat expected, Instant now) throws IOException {
    createDirectory();
    Path aside = directory.resolve(SetAsideName.of(expected.location(), now));
    if (!isSame(file, expected) || !move(file, aside)) {
      return false;
    }
    if (!isSame(aside, expected)) {
      // Somebody put it again since it was looked at. What is there again by now stays.
      giveBack(aside, file);
      return false;
    }
    StaleHandles.retryingAction(() -> DurableFiles.syncDirectory(file.resolveSibling("")));
    log.warn("{} is set aside as {}", file, aside.getFileName());
    shrink();
    return true;
  }

  private void createDirectory() throws IOException {
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
        throw new BlobStoreUnavailableException(directory, "it is not a directory", e);
      }
    }
  }

  private static boolean isSame(Path file, BlobStat expected) throws IOException {
    try {
      BasicFileAttributes now =
          StaleHandles.retrying(
              () ->
                  Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
      return now.isRegularFile()
          && now.size() == expected.sizeBytes()
          && now.lastModifiedTime().toInstant().equals(expected.lastModified());
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static boolean move(Path file, Path aside) throws IOException {
    try {
      StaleHandles.retrying(() -> Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE));
      return true;
    } catch (NoSuchFileException e) {
      // An NFS client that repeats a rename whose answer was lost is told so.
      return Files.exists(aside, LinkOption.NOFOLLOW_LINKS);
    }
  }

  private static void giveBack(Path aside, Path file) throws IOException {
    try {
      Files.createLink(file, aside);
    } catch (FileAlreadyExistsException e) {
      log.debug("{} is there again", file);
    }
    Files.deleteIfExists(aside);
  }

  /** That there is too much here is no reason to fail: the blob is set aside. */
  private void shrink() {
    List<String> all = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      files.forEach(file -> all.add(String.valueOf(file.getFileName())));
      for (String old : SetAsideName.surplus(all, this::isThere)) {
        Files.deleteIfExists(directory.resolve(old));
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("cannot delete what is too much in {}: {}", directory, e.toString());
    }
  }

  private boolean isThere(String location) {
    return Files.isRegularFile(root.resolve(location), LinkOption.NOFOLLOW_LINKS);
  }
}
