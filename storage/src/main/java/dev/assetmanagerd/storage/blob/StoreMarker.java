package dev.assetmanagerd.storage.blob;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.assetmanagerd.storage.file.DurableFiles;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that says whose blobs a directory has. Two clusters in one directory would each sweep
 * away what the other has stored.
 *
 * <p>A directory without the file becomes the cluster's that opens it first, whether it is empty or
 * not: blobs that others left there to be registered, and those of versions that knew no marker,
 * stay usable. Of several clusters that open it at a time, one wins.
 */
final class StoreMarker {
  /** Begins with a dot, so that no location leads to it. */
  static final String NAME = ".assetmanagerd-store";

  private static final Logger log = LoggerFactory.getLogger(StoreMarker.class);

  private static final int MAX_BYTES = 4096;
  private static final String FORMAT = "1";

  private final Path root;
  private final Path file;
  private final String clusterId;

  /**
   * @param realRoot of the store
   * @param clusterId whose store it has to be
   */
  StoreMarker(Path realRoot, String clusterId) {
    if (clusterId.isBlank() || clusterId.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("a cluster id has to be one line of printable text");
    }
    this.root = realRoot;
    this.file = realRoot.resolve(NAME);
    this.clusterId = clusterId;
  }

  /**
   * Looks at the marker, where there is one, and changes nothing.
   *
   * @return whether there is one
   * @throws BlobStoreUnavailableException when it is another cluster's, or not understood
   */
  boolean check() throws IOException {
    Optional<String> text = read();
    if (text.isEmpty()) {
      return false;
    }
    Properties marker = new Properties();
    try {
      marker.load(new StringReader(text.get()));
    } catch (IllegalArgumentException e) {
      throw notUnderstood(e);
    }
    String owner = marker.getProperty("cluster", "");
    if (!FORMAT.equals(marker.getProperty("format")) || owner.isEmpty()) {
      throw notUnderstood(null);
    }
    if (!owner.equals(clusterId)) {
      throw new BlobStoreUnavailableException(
          root,
          "it is the store of cluster \""
              + owner
              + "\", as "
              + NAME
              + " in it says, and not of \""
              + clusterId
              + "\"; if that cluster is gone for good, delete the file",
          null);
    }
    return true;
  }

  /** Makes the store this cluster's; {@link #check} again where somebody else was faster. */
  void claim(StagingArea staging) throws IOException {
    if (check()) {
      return;
    }
    boolean used = isUsed();
    Path staged = staging.newFile();
    try {
      StagingArea.write(staged, text().getBytes(UTF_8));
      create(staged);
      DurableFiles.syncDirectory(root);
    } finally {
      Files.deleteIfExists(staged);
    }
    if (!check()) {
      throw new IOException(file + " is gone right after it was made");
    }
    log.info(
        "blob directory {} {} and is marked as that of cluster {} now",
        root,
        used ? "has files, but no marker," : "is empty",
        clusterId);
  }

  private void create(Path staged) throws IOException {
    try {
      Files.createLink(file, staged); // whole or not at all, and never in the place of another
    } catch (FileAlreadyExistsException e) {
      // Another node was faster, or the answer to our own request was lost: check() tells.
    } catch (UnsupportedOperationException | FileSystemException e) {
      log.info("no hard links in {}: {}", root, e.toString());
      StagingArea.write(file, text().getBytes(UTF_8));
    }
  }

  private String text() {
    return """
        # Whose blobs these are. Nodes of other clusters do not use this directory.
        format=%s
        cluster=%s
        """
        .formatted(FORMAT, clusterId.replace("\\", "\\\\"));
  }

  private Optional<String> read() throws IOException {
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw notUnderstood(null);
      }
      if (Files.size(file) > MAX_BYTES) {
        throw notUnderstood(null);
      }
      return Optional.of(Files.readString(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (CharacterCodingException e) {
      throw notUnderstood(e);
    }
  }

  private boolean isUsed() throws IOException {
    try (Stream<Path> entries = Files.list(root)) {
      return entries.anyMatch(
          entry -> !String.valueOf(entry.getFileName()).equals(StagingArea.NAME));
    }
  }

  private BlobStoreUnavailableException notUnderstood(@Nullable Exception cause) {
    return new BlobStoreUnavailableException(
        root,
        NAME + " in it is no marker that this version understands; it says whose store it is",
        cause);
  }
}
