package dev.assetmanagerd.cli;

import java.io.IOException;

/** The bytes of a file are not what they should be; the message says in which way. */
public final class BadFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param cause what found it out
   */
  public BadFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
