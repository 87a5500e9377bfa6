package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/** What a client has brought to the store by itself is not what was verified any more. */
public final class UploadChangedException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param uploadId whose bytes they are
   * @param cause what the store said
   */
  public UploadChangedException(String uploadId, Throwable cause) {
    super("the client has stored something else for upload " + uploadId, cause);
  }
}
