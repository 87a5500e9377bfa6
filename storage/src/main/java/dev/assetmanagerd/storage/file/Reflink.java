package dev.assetmanagerd.storage.file;

import java.io.IOException;
import java.nio.file.Path;

/** Makes files that share their extents with another until one of the two is written to. */
@FunctionalInterface
public interface Reflink {
  /** For file systems and platforms that cannot. */
  Reflink UNSUPPORTED = (source, target) -> false;

  /**
   * Makes {@code target}, which must not exist, a clone of {@code source}, readable and writable by
   * its owner alone, and flushes it.
   *
   * @return false when this cannot be done here, in which case there is no {@code target}
   * @throws java.nio.file.FileAlreadyExistsException when {@code target} exists
   */
  boolean tryClone(Path source, Path target) throws IOException;

  /** The one of this platform; {@link #UNSUPPORTED} where there is none. */
  static Reflink ofPlatform() {
    return LinuxReflink.load();
  }
}
