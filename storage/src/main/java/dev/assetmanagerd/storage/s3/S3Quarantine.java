package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobQuarantine;
import dev.assetmanagerd.storage.blob.BlobStat;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects that were found to have wrong bytes: under {@code .quarantine/}, where no location leads.
 * Their names begin with the time they were set aside, so that the oldest sort first.
 */
final class S3Quarantine {
  private static final Logger log = LoggerFactory.getLogger(S3Quarantine.class);
  private static final long MAX_COPIED_BYTES = 5L << 30; // of one request, by S3's rules

  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;

  S3Quarantine(S3Calls calls, S3Objects objects, S3Keys keys) {
    this.calls = calls;
    this.objects = objects;
    this.keys = keys;
  }

  /** Moves an object here, unless it is not any more what it was. */
  boolean take(String location, BlobStat expected) throws IOException {
    String key = keys.key(location);
    Optional<ObjectHead> head = objects.head(key);
    if (head.isEmpty() || !isSame(head.get(), expected)) {
      return false;
    }
    String aside =
        keys.key(
            S3Keys.QUARANTINE
                + "%013d-%s"
                    .formatted(objects.serverTime().toEpochMilli(), location.replace('/', '-')));
    boolean kept = head.get().sizeBytes() <= MAX_COPIED_BYTES;
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

  private void shrink() throws IOException {
    List<String> all;
    try (Stream<S3Object> kept = S3Listing.of(calls, keys.key(S3Keys.QUARANTINE), "")) {
      all = kept.map(S3Object::key).sorted().toList();
    }
    objects.deleteAll(all.subList(0, Math.max(0, all.size() - BlobQuarantine.MAX_SET_ASIDE)));
  }
}
