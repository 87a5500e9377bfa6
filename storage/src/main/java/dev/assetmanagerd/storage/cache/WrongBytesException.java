package dev.assetmanagerd.storage.cache;

import java.io.IOException;

/** What a source gave for a blob are not the bytes of its digest. */
public final class WrongBytesException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message which blob, which source, what was found
   */
  public WrongBytesException(String message) {
    super(message);
  }
}
