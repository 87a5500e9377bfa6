package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which files of a store were read to their end and found right, so that a part of one can be
 * handed out without reading all of it each time. A file that has been changed since is read again.
 * Thread-safe; blocks for I/O.
 */
final class VerifiedFiles {
  /** A few MB; what is forgotten is read once more. */
  private static final int MAX_REMEMBERED = 10_000;

  /** By which a change of the file is noticed; the change time would not do: links change it. */
  private record Version(@Nullable Object fileKey, long sizeBytes, FileTime modified) {
    static Version of(Path file) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Version(attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
    }
  }

  private final Map<Sha256, Version> verified =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Sha256, Version> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  /** Whether the file has the bytes of the digest. */
  boolean isRight(Path file, Sha256 digest) throws IOException {
    Version version = Version.of(file);
    synchronized (verified) {
      if (version.equals(verified.get(digest))) {
        return true;
      }
    }
    if (!Hashing.sha256(file).digest().equals(digest)) {
      return false;
    }
    if (version.equals(Version.of(file))) {
      synchronized (verified) {
        verified.put(digest, version);
      }
    }
    return true;
  }
}
