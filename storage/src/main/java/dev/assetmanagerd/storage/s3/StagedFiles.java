package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files on their way into the bucket. */
final class StagedFiles {
  private static final Logger log = LoggerFactory.getLogger(StagedFiles.class);

  private StagedFiles() {}

  static void requireWhole(Path staged, long sizeBytes) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(staged, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile() || attributes.size() != sizeBytes) {
      throw new IOException(
          staged + " is to be a file of " + sizeBytes + " bytes and has " + attributes.size());
    }
  }

  static void discard(Path staged) {
    try {
      Files.deleteIfExists(staged);
    } catch (IOException e) {
      // Whether the blob was put is decided; the next start sweeps this up.
      log.warn("Cannot delete staged file {}: {}", staged, e.toString());
    }
  }
}
