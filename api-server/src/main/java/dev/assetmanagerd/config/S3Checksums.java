package dev.assetmanagerd.config;

/** When requests to an object store carry checksums and answers are checked by them. */
public enum S3Checksums {
  WHEN_SUPPORTED,
  WHEN_REQUIRED
}
