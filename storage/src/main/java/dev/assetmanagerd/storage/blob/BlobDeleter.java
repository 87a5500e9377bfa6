package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/** The right to delete blobs. Thread-safe; blocks for I/O. */
public interface BlobDeleter {
  /**
   * Deletes the blob and whatever the store keeps beside it. When this returns, it is gone for
   * good.
   *
   * @return false when there was none
   * @throws InvalidLocationException when the location is not one of this store's
   */
  boolean delete(String location) throws IOException;
}
