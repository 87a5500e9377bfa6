package dev.assetmanagerd.config;

/** How a file that a VM may write to is placed. */
public enum PlacementMode {
  COPY,
  LINK
}
