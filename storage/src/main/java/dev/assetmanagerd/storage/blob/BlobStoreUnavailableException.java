package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A store that cannot be used at all: its directory is missing, not mounted or not writable. */
public final class BlobStoreUnavailableException extends IOException {
  private static final long serialVersionUID = 1L;

  public BlobStoreUnavailableException(Path path, String reason, @Nullable Throwable cause) {
    super("blob directory " + path + " cannot be used: " + reason, cause);
  }
}
