package dev.assetmanagerd.storage.cache;

import java.io.IOException;

/** So many fetches are running and waiting that no further one is taken; nothing was begun. */
public final class CacheBusyException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is busy, and the limits
   */
  public CacheBusyException(String message) {
    super(message);
  }
}
