package dev.assetmanagerd.config;

/** Whether the bucket is in the path of requests to an object store. */
public enum PathStyle {
  AUTO,
  TRUE,
  FALSE
}
