package dev.assetmanagerd.storage.s3;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Which bucket, and how to deal with it.
 *
 * @param bucket its name
 * @param region that requests are signed for
 * @param endpoint of a server other than Amazon's
 * @param pathStyle the bucket's name is in the path and not in the host name
 * @param prefix that all keys begin with: empty, or plain names each followed by a slash
 * @param credentials of the node
 * @param checksums that requests carry
 * @param chunkedEncoding whether bodies may be sent in signed chunks; some servers store the
 *     framing with the bytes
 * @param partSizeBytes larger files go in parts of this size, 5 MiB at least
 * @param partsInFlight of one upload at a time
 * @param timeout of one step: an answer, the next bytes. Each request with its repetitions ends
 *     within it, a large one at {@code minBytesPerSecond}
 * @param minBytesPerSecond slower uploads fail
 * @param spoolDirectory on a local disk, for files on their way in; it is made where it is missing
 * @param nodeId one process at a time has it
 */
public record S3Options(
    String bucket,
    String region,
    Optional<URI> endpoint,
    boolean pathStyle,
    String prefix,
    S3Credentials credentials,
    S3Checksums checksums,
    boolean chunkedEncoding,
    long partSizeBytes,
    int partsInFlight,
    Duration timeout,
    long minBytesPerSecond,
    Path spoolDirectory,
    String nodeId) {
  /** What the protocol allows, but for the last part of an object. */
  public static final long MIN_PART_BYTES = 5L * 1024 * 1024;

  /** What the protocol allows in one request. */
  public static final long MAX_PART_BYTES = 5L * 1024 * 1024 * 1024;

  public S3Options {
    require(!bucket.isEmpty(), "the bucket has no name");
    require(
        partSizeBytes >= MIN_PART_BYTES && partSizeBytes <= MAX_PART_BYTES,
        "parts of " + partSizeBytes + " bytes are not from 5 MiB to 5 GiB");
    require(partsInFlight > 0, "no parts in flight");
    require(minBytesPerSecond > 0, "no bytes per second");
    require(timeout.toMillis() >= 100, "a timeout of " + timeout);
    require(prefix.isEmpty() || prefix.endsWith("/"), "the prefix does not end with a slash");
  }

  /** For messages to people. */
  String storeName() {
    return "S3 bucket " + bucket + endpoint.map(e -> " at " + e).orElse(" in " + region);
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
