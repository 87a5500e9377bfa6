package dev.assetmanagerd.storage.place;

/** What the placed file is for. */
public enum PlacementMode {
  /**
   * To be read only: a hard link of the source where the file system and the source's permissions
   * allow it, else a read-only clone or copy.
   */
  LINK,
  /** To be written to: shares no inode with the source; extents, where the file system can. */
  CLONE
}
