package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A store that cannot be used at all: its directory is missing, not mounted or not writable, its
 * bucket is missing or denied, its server does not answer.
 */
public class BlobStoreUnavailableException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param store what it is, like {@code S3 bucket images}
   * @param reason the rest of the sentence; no secrets
   */
  public BlobStoreUnavailableException(String store, String reason, @Nullable Throwable cause) {
    super(store + " cannot be used: " + reason, cause);
  }

  /** Of a store that is a directory. */
  public BlobStoreUnavailableException(Path path, String reason, @Nullable Throwable cause) {
    this("blob directory " + path, reason, cause);
  }
}
