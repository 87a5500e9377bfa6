package dev.assetmanagerd.storage.blob;

import java.time.Instant;
import java.util.Optional;

/**
 * What a store knows of a blob without reading it.
 *
 * @param location where it is
 * @param sizeBytes its size
 * @param lastModified when its bytes were last written, by the clock of the store, which may differ
 *     from this host's; compare it with {@link BlobLister#storeTime()} alone
 * @param digest of all of its bytes, where the store itself computed and keeps it; what somebody
 *     merely wrote beside the bytes does not count
 */
public record BlobStat(
    String location, long sizeBytes, Instant lastModified, Optional<Sha256> digest) {
  /** Of a store that keeps no digests. */
  public BlobStat(String location, long sizeBytes, Instant lastModified) {
    this(location, sizeBytes, lastModified, Optional.empty());
  }
}
