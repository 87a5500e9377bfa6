package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobTooLargeException;
import dev.assetmanagerd.storage.blob.SetAsideName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects that were found to have wrong bytes: under {@code .quarantine/}, where no location leads;
 * see {@link SetAsideName}.
 */
final class S3Quarantine {
  private static final Logger log = LoggerFactory.getLogger(S3Quarantine.class);

  /** Of one request, by S3's rules. */
  static final long MAX_COPIED_BYTES = 5L << 30;

  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;
  private final long maxCopiedBytes;

  S3Quarantine(S3Calls calls, S3Objects objects, S3Keys keys, long maxCopiedBytes) {
    this.calls = calls;
    this.objects = objects;
    this.keys = keys;
    this.maxCopiedBytes = maxCopiedBytes;
  }

  /**
   * Moves an object here, unless it is not any more what it was.
   *
   * @param replaceable whether it may be deleted where no copy can be kept
   */
  boolean take(String location, BlobStat expected, boolean replaceable) throws IOException {
    String key = keys.key(location);
    Optional<ObjectHead> head = objects.head(key);
    if (head.isEmpty() || !isSame(head.get(), expected)) {
      return false;
    }
    String aside = keys.key(S3Keys.QUARANTINE + SetAsideName.of(location, objects.serverTime()));
    boolean kept = head.get().sizeBytes() <= maxCopiedBytes;
    if (!kept && !replaceable) {
      throw new BlobTooLargeException(maxCopiedBytes);
    }
    if (kept && !copy(key, head.get(), aside)) {
      return false;
    }
    objects.deleteVersion(key, head.get().etag());
    log.warn("{} is set aside{}", key, kept ? " as " + aside : "; it is too large to keep a copy");
    shrink();
    return true;
  }

  private static boolean isSame(ObjectHead head, BlobStat expected) {
    return head.sizeBytes() == expected.sizeBytes()
        && head.lastModified().equals(expected.lastModified());
  }

  private boolean copy(String key, ObjectHead head, String aside) throws IOException {
    String bucket = calls.options().bucket();
    CopyObjectRequest.Builder request =
        CopyObjectRequest.builder()
            .sourceBucket(bucket)
            .sourceKey(key)
            .destinationBucket(bucket)
            .destinationKey(aside)
            .overrideConfiguration(calls.within(head.sizeBytes()));
    if (!head.etag().isEmpty()) {
      request.copySourceIfMatch(head.etag());
    }
    try {
      var unused =
          calls.await(
              "setting " + key + " aside",
              head.sizeBytes(),
              calls.client().copyObject(request.build()));
      return true;
    } catch (NoSuchFileException e) {
      return false; // deleted since
    }
  }

  /** That there is too much here is no reason to fail: the object is set aside. */
  private void shrink() {
    String here = keys.key(S3Keys.QUARANTINE);
    try (Stream<S3Object> kept = S3Listing.of(calls, here, "")) {
      List<String> names = kept.map(object -> object.key().substring(here.length())).toList();
      List<String> surplus =
          SetAsideName.surplus(
              names, location -> objects.headInBucket(keys.key(location)).isPresent());
      objects.deleteAll(surplus.stream().map(here::concat).toList());
    } catch (IOException | UncheckedIOException e) {
      log.warn("cannot delete what is too much under {}: {}", here, e.toString());
    }
  }
}
