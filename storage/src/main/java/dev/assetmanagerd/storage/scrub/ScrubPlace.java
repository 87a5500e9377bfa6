package dev.assetmanagerd.storage.scrub;

/** Where bytes are read again. */
public enum ScrubPlace {
  /** This node's own copies. */
  CACHE,
  /** The store that all nodes share. */
  STORE
}
