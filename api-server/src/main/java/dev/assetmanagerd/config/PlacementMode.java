package dev.assetmanagerd.config;

/** How a file is placed for a VM. */
public enum PlacementMode {
  /** As a file of the VM's own, to be written to. */
  COPY,
  /** As a file that all VMs share, to be read. */
  LINK
}
