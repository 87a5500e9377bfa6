package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/** More bytes came than a blob may have. */
public final class BlobTooLargeException extends IOException {
  private static final long serialVersionUID = 1L;

  private final long limitBytes;

  public BlobTooLargeException(long limitBytes) {
    super("the blob is larger than the limit of " + limitBytes + " bytes");
    this.limitBytes = limitBytes;
  }

  /** The most that a blob may have, in bytes. */
  public long limitBytes() {
    return limitBytes;
  }
}
