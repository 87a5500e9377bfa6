package dev.assetmanagerd.storage.place;

/** How a file came to be in its place. */
public enum PlacementMethod {
  /** A hard link to the source. */
  LINKED,
  /** A file of its own that shares the source's extents. */
  REFLINKED,
  /** A file of its own with all bytes copied. */
  COPIED,
  /** The right file was there already and was not touched. */
  UNCHANGED
}
