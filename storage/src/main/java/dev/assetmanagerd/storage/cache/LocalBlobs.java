package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.file.Path;
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

  /** Directory for files that are to be {@linkplain #adopt adopted}; emptied at every start. */
  Path stagingDirectory();

  /**
   * Takes in a file whose bytes somebody has verified, where there is room. The file is consumed
   * either way.
   *
   * @param file in {@link #stagingDirectory()}
   * @param digest computed from its bytes by the caller
   * @param sizeBytes its size
   * @return false where there was no room for it
   */
  boolean adopt(Path file, Sha256 digest, long sizeBytes) throws IOException;

  /**
   * Reads a file again, whatever is known of it; one that is wrong or cannot be read is set aside,
   * and fetched again when it is next needed.
   *
   * @return false when it was wrong; true when it is right or not there
   */
  boolean verify(Sha256 digest) throws IOException;
}
