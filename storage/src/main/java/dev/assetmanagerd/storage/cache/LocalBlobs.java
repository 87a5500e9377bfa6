package dev.assetmanagerd.storage.cache;

import java.io.IOException;
import java.time.Duration;

/** Blobs as files on this host. Thread-safe; blocks for I/O. */
public interface LocalBlobs {
  /**
   * The blob as a file of this host, fetched where it is not here yet. The file has exactly the
   * bytes of the digest, must not be written to, and stays until the answer is closed.
   *
   * @param wanted the blob and where it can be had
   * @param timeout how long this caller waits; a fetch that others wait for goes on
   * @throws java.nio.file.NoSuchFileException when no source has it
   * @throws WrongBytesException when every source that has it has other bytes
   * @throws java.io.InterruptedIOException when the time is up
   */
  LocalBlob hold(WantedBlob wanted, Duration timeout) throws IOException;
}
