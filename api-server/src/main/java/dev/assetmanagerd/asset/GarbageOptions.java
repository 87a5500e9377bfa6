package dev.assetmanagerd.asset;

import java.time.Duration;

/**
 * How garbage is collected, and the store swept.
 *
 * @param enabled whether the leader does both by itself; calls that ask for it work without
 * @param interval pause between two collections
 * @param maxAge assets unused for this long are garbage where a call does not say otherwise
 * @param rateLimit most assets marked, and most blobs deleted, per second; positive
 * @param sweepInterval pause between two sweeps
 * @param orphanAge blobs without a record are deleted from this age on where a call does not say
 *     otherwise
 */
public record GarbageOptions(
    boolean enabled,
    Duration interval,
    Duration maxAge,
    int rateLimit,
    Duration sweepInterval,
    Duration orphanAge) {
  /** What the configuration's defaults say. */
  public static GarbageOptions defaults() {
    return new GarbageOptions(
        true,
        Duration.ofHours(1),
        Duration.ofDays(7),
        1000,
        Duration.ofHours(24),
        Duration.ofHours(24));
  }
}
