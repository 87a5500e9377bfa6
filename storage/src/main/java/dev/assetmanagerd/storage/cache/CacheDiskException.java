package dev.assetmanagerd.storage.cache;

import java.io.IOException;

/** The disk of the cache failed, so that another source is of no help. */
final class CacheDiskException extends IOException {
  private static final long serialVersionUID = 1L;

  CacheDiskException(String message, IOException cause) {
    super(message, cause);
  }
}
