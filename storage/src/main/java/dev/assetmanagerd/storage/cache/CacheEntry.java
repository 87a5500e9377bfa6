package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;

/** A file of a cache. All that changes is guarded by the {@link CacheContents} it belongs to. */
final class CacheEntry {
  final Sha256 digest;
  final long sizeBytes;

  /** By which a change of the file is noticed; the change time would not do: links change it. */
  long modifiedNanos;

  /** Whether its bytes were verified as of {@link #modifiedNanos}. */
  boolean verified;

  long lastUseMillis;

  /** Whether it is in the cache still; one that was evicted or found corrupt is not. */
  boolean present = true;

  CacheEntry(Sha256 digest, long sizeBytes, long modifiedNanos, boolean verified) {
    this.digest = digest;
    this.sizeBytes = sizeBytes;
    this.modifiedNanos = modifiedNanos;
    this.verified = verified;
  }
}
