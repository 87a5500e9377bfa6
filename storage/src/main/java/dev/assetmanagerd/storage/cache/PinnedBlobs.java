package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.util.Collection;
import java.util.Set;

/**
 * Knows which blobs have to stay in the cache though nobody holds their file at the moment.
 * Thread-safe.
 */
@FunctionalInterface
public interface PinnedBlobs {
  /** Pins nothing. */
  PinnedBlobs NONE = digests -> Set.of();

  /**
   * Those of some blobs that must not be evicted. Where that cannot be found out, it throws, and
   * nothing is evicted.
   *
   * @param digests at most a few hundred
   */
  Set<Sha256> among(Collection<Sha256> digests);
}
