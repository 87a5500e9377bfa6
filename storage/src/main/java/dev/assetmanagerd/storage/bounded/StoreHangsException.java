package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;

/** A store that does not answer in time. */
public final class StoreHangsException extends BlobStoreUnavailableException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  /**
   * @param store what it is
   * @param reason what took how long, and how many others do; nothing that a client may not know
   */
  StoreHangsException(String store, String reason) {
    super(store, reason, null);
    this.reason = reason;
  }

  /** What took how long, for a client. */
  public String reason() {
    return reason;
  }
}
