package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;

/**
 * Pieces of uploads that are not complete yet, in the shared store, so that any node can go on with
 * an upload that another one began. They are no blobs: no location leads to them, and {@link
 * BlobLister} does not see them. Thread-safe; blocks for I/O.
 */
public interface BlobParts {
  /**
   * Parts of one upload.
   *
   * @param uploadId whose they are
   * @param lastModified when the newest of them was written, by the clock of the store; compare it
   *     with {@link BlobLister#storeTime()} alone
   */
  record Upload(String uploadId, Instant lastModified) {}

  /**
   * Stores a part. When this returns, it is whole, durable and visible to every node. The staged
   * file is consumed either way.
   *
   * @param uploadId a ULID
   * @param partId a ULID, never used before
   * @param staged a complete file in {@link BlobWriter#stagingDirectory()}
   * @param digest of its content
   * @param sizeBytes its size
   */
  void putPart(String uploadId, String partId, Path staged, Sha256 digest, long sizeBytes)
      throws IOException;

  /**
   * Opens a part. The caller closes the channel.
   *
   * @throws java.nio.file.NoSuchFileException when there is none
   */
  ReadableByteChannel openPart(String uploadId, String partId) throws IOException;

  /** Deletes all parts of an upload. Does nothing where there are none. */
  void deleteParts(String uploadId) throws IOException;

  /** All uploads that have parts, those whose deletion was cut short included. Lazy; close it. */
  Stream<Upload> listUploads() throws IOException;
}
