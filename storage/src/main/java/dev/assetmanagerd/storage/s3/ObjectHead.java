package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.Sha256;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ChecksumType;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;

/**
 * What the store says of an object.
 *
 * @param sizeBytes its size
 * @param etag changes with its content; empty where the store has none
 * @param lastModified in whole seconds
 * @param sha256 as the store has it, in base64; of a composite one, with the number of parts behind
 * @param ofParts whether that one is known to be of the parts' digests
 */
record ObjectHead(
    long sizeBytes, String etag, Instant lastModified, Optional<String> sha256, boolean ofParts) {
  private static final int SHA256_BYTES = 32;

  static ObjectHead of(HeadObjectResponse head) {
    Long size = head.contentLength();
    return new ObjectHead(
        size == null ? 0 : size,
        orElse(head.eTag(), ""),
        orElse(head.lastModified(), Instant.EPOCH).truncatedTo(ChronoUnit.SECONDS),
        Optional.ofNullable(head.checksumSHA256()),
        head.checksumType() == ChecksumType.COMPOSITE);
  }

  /**
   * As a blob.
   *
   * @param attested whether the store checks digests; one that it only keeps proves nothing
   */
  BlobStat stat(String location, boolean attested) {
    return new BlobStat(location, sizeBytes, lastModified, attested ? digest() : Optional.empty());
  }

  /**
   * Of all bytes in one go. Not all servers say which kind it is; one of parts tells by its end.
   */
  Optional<Sha256> digest() {
    return ofParts ? Optional.empty() : sha256.flatMap(ObjectHead::decode);
  }

  /** Whether nothing that the store says is against its being a blob of this digest and size. */
  boolean mayBe(Sha256 digest, long size) {
    return sizeBytes == size && digest().orElse(digest).equals(digest);
  }

  private static Optional<Sha256> decode(String base64) {
    try {
      byte[] bytes = Base64.getDecoder().decode(base64);
      return bytes.length == SHA256_BYTES ? Optional.of(Sha256.of(bytes)) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // not what it was meant to be
    }
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
