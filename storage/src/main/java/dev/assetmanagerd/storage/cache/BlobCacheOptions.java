package dev.assetmanagerd.storage.cache;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Bounds of a cache.
 *
 * @param directory it has for itself; created where missing
 * @param maxBytes of all files in it, those on their way in included
 * @param concurrency blobs fetched at a time
 * @param maxWaiting further fetches that wait for their turn; more are refused
 * @param fetchTimeout bound of one fetch
 * @param stallTimeout a source that gives nothing for this long is given up
 * @param rangeBytes a blob is fetched in ranges of this size
 * @param rangesAtATime of one blob
 */
public record BlobCacheOptions(
    Path directory,
    long maxBytes,
    int concurrency,
    int maxWaiting,
    Duration fetchTimeout,
    Duration stallTimeout,
    int rangeBytes,
    int rangesAtATime) {
  private static final int MAX_WAITING = 256;
  private static final Duration STALL_TIMEOUT = Duration.ofSeconds(30);
  private static final int RANGE_BYTES = 16 << 20;
  private static final int RANGES_AT_A_TIME = 4;

  public BlobCacheOptions {
    if (maxBytes < 0 || concurrency < 1 || maxWaiting < 1 || rangeBytes < 1 || rangesAtATime < 1) {
      throw new IllegalArgumentException("a bound of a cache has to be positive");
    }
  }

  /** With the usual sizes of ranges and queues. */
  public static BlobCacheOptions of(
      Path directory, long maxBytes, int concurrency, Duration fetchTimeout) {
    return new BlobCacheOptions(
        directory,
        maxBytes,
        concurrency,
        MAX_WAITING,
        fetchTimeout,
        STALL_TIMEOUT,
        RANGE_BYTES,
        RANGES_AT_A_TIME);
  }
}
