package dev.assetmanagerd.backup;

import java.io.IOException;

/**
 * A file is no backup, is a damaged one, or is one that this program cannot read. The message says
 * which, and where.
 */
public final class BadBackupException extends IOException {
  private static final long serialVersionUID = 1L;

  BadBackupException(String message) {
    super(message);
  }

  BadBackupException(String message, Throwable cause) {
    super(message, cause);
  }
}
