package dev.assetmanagerd.cli;

import java.io.IOException;

/** The file that a command was to write a report to cannot be written to. */
final class ReportFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean opened;

  /**
   * @param opened whether it could at least be opened, so that the command has done something
   */
  ReportFailedException(String message, boolean opened, IOException cause) {
    super(message, cause);
    this.opened = opened;
  }

  boolean wasOpened() {
    return opened;
  }
}
