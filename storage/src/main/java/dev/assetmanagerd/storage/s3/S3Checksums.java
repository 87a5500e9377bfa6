package dev.assetmanagerd.storage.s3;

/** How the store is made to check what it is sent. */
public enum S3Checksums {
  /**
   * By SHA-256 in {@code x-amz-checksum-sha256}; for S3 itself and servers that keep up with it.
   */
  WHEN_SUPPORTED,

  /** By {@code Content-MD5} alone; for servers that know no other checksums. */
  WHEN_REQUIRED
}
