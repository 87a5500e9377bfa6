package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.IoSteps;
import java.io.IOException;
import java.nio.file.Path;

/** Write access to content-addressed blobs. Thread-safe; blocks for I/O. */
public interface BlobWriter {
  /**
   * Directory for files that are on their way into this store; on its file system where it has one.
   */
  Path stagingDirectory();

  /** Where to make calls for files in {@link #stagingDirectory()}. */
  default IoSteps steps() {
    return IoSteps.DIRECT;
  }

  /**
   * Makes a staged file a blob, at a location of its digest. When this returns, the blob is whole,
   * durable and visible to every node; before, nobody can see any of it. Where the blob exists
   * already, in its full size, it is left as it is, its time included. The staged file is consumed
   * either way.
   *
   * @param staged a complete, fsynced file in {@link #stagingDirectory()}
   * @param location one of the {@linkplain Sha256#isLocation locations of the digest}
   * @param digest of its content, computed by the caller while writing it
   * @param sizeBytes its size
   * @throws InvalidLocationException when the location is another
   */
  void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException;
}
