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
 * @param uploadGrace how long a blob that is being stored is kept for its upload to register it; no
 *     limit of the upload, which begins anew when it was slower
 */
public record GarbageOptions(
    boolean enabled,
    Duration interval,
    Duration maxAge,
    int rateLimit,
    Duration sweepInterval,
    Duration orphanAge,
    Duration uploadGrace) {
  private static final Duration DEFAULT_UPLOAD_GRACE = Duration.ofMinutes(10);

  /** With the default for uploads. */
  public GarbageOptions(
      boolean enabled,
      Duration interval,
      Duration maxAge,
      int rateLimit,
      Duration sweepInterval,
      Duration orphanAge) {
    this(enabled, interval, maxAge, rateLimit, sweepInterval, orphanAge, DEFAULT_UPLOAD_GRACE);
  }

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
