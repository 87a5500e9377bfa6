package dev.assetmanagerd.olddaemon;

import org.jspecify.annotations.Nullable;

/** The file is no database of a single-node daemon, or cannot be read. The message says why. */
public final class OldDatabaseException extends Exception {
  private static final long serialVersionUID = 1L;

  OldDatabaseException(String message) {
    super(message);
  }

  OldDatabaseException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
