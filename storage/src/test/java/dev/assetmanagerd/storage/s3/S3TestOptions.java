package dev.assetmanagerd.storage.s3;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Options for tests: small parts, short waits. */
final class S3TestOptions {
  static final long PART_BYTES = S3Options.MIN_PART_BYTES;
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  private S3TestOptions() {}

  static S3Options of(URI endpoint, String bucket, Path spool) {
    return of(endpoint, bucket, spool, "n1", TIMEOUT);
  }

  static S3Options of(URI endpoint, String bucket, Path spool, String nodeId, Duration timeout) {
    return of(endpoint, bucket, spool, nodeId, timeout, S3Checksums.WHEN_SUPPORTED, true);
  }

  static S3Options of(
      URI endpoint,
      String bucket,
      Path spool,
      String nodeId,
      Duration timeout,
      S3Checksums checksums,
      boolean chunkedEncoding) {
    return new S3Options(
        bucket,
        "us-east-1",
        Optional.of(endpoint),
        true,
        "some/prefix/",
        new S3Credentials.Key("key-of-the-test", "secret-of-the-test"),
        checksums,
        chunkedEncoding,
        PART_BYTES,
        2,
        timeout,
        10_000_000, // so that a slow line does not lengthen the wait by much
        spool,
        nodeId);
  }
}
