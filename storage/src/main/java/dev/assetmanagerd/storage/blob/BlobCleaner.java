package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.time.Duration;

/** Removes what never became a blob. Thread-safe; blocks for I/O. */
public interface BlobCleaner {
  /**
   * Deletes files that uploads of any node, also of one that is gone for good, have left behind.
   *
   * @param olderThan how long nobody has written to them; an hour at least, for a younger one may
   *     belong to an upload that is merely slow
   * @return how many there were
   * @throws IllegalArgumentException when {@code olderThan} is shorter than that
   */
  int cleanUp(Duration olderThan) throws IOException;
}
