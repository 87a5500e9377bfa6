package dev.assetmanagerd.config;

/** Where blobs are kept. */
public enum StorageKind {
  LOCAL,
  NFS,
  S3
}
