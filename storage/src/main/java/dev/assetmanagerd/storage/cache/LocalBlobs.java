package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

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

  /**
   * The same where it is here and verified; nothing is fetched for it.
   *
   * @throws WrongBytesException when the bytes of the digest are not that many
   */
  Optional<LocalBlob> holdCached(Sha256 digest, long sizeBytes) throws IOException;

  /**
   * Room for a blob whose bytes the caller has from elsewhere.
   *
   * @param sizeBytes how many they are
   * @return empty where there is no room for them
   */
  Optional<IncomingBlob> incoming(long sizeBytes) throws IOException;

  /**
   * Reads a file again, whatever is known of it; one that is wrong or cannot be read is set aside,
   * and fetched again when it is next needed.
   *
   * @return false when it was wrong; true when it is right or not there
   */
  boolean verify(Sha256 digest) throws IOException;
}
