package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsRequest;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Takes away what uploads of any node have left in the bucket: parts that nobody put together. */
final class S3Leftovers {
  private static final Logger log = LoggerFactory.getLogger(S3Leftovers.class);

  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;
  private final PartedUpload multipart;

  S3Leftovers(S3Calls calls, S3Objects objects, S3Keys keys) {
    this.calls = calls;
    this.objects = objects;
    this.keys = keys;
    this.multipart = new PartedUpload(calls);
  }

  /**
   * Does it.
   *
   * @return how many there were
   */
  int delete(Duration olderThan) throws IOException {
    Instant limit = objects.serverTime().minus(olderThan);
    return abortUploads(limit) + deleteProbes(limit);
  }

  private int abortUploads(Instant limit) throws IOException {
    int aborted = 0;
    ListMultipartUploadsRequest request =
        ListMultipartUploadsRequest.builder()
            .bucket(calls.options().bucket())
            .prefix(keys.key(""))
            .overrideConfiguration(calls.within(0))
            .build();
    boolean more = true;
    while (more) {
      ListMultipartUploadsResponse page =
          calls.await("listing uploads", 0, calls.client().listMultipartUploads(request));
      for (MultipartUpload upload : page.uploads()) {
        aborted += abort(upload, limit) ? 1 : 0;
      }
      more = Boolean.TRUE.equals(page.isTruncated()) && page.nextKeyMarker() != null;
      request =
          request.toBuilder()
              .keyMarker(page.nextKeyMarker())
              .uploadIdMarker(page.nextUploadIdMarker())
              .build();
    }
    return aborted;
  }

  private boolean abort(MultipartUpload upload, Instant limit) {
    if (!keys.isOurs(upload.key()) || !isBefore(upload.initiated(), limit)) {
      return false;
    }
    boolean aborted = multipart.abort(upload.key(), upload.uploadId());
    if (aborted) {
      log.info(
          "Aborted the upload of {} of {}, which did not end", upload.key(), upload.initiated());
    }
    return aborted;
  }

  private int deleteProbes(Instant limit) throws IOException {
    List<S3Object> old;
    try (Stream<S3Object> probes = S3Listing.of(calls, keys.key(S3Keys.PROBES), "")) {
      old = probes.filter(probe -> isBefore(probe.lastModified(), limit)).limit(1000).toList();
    }
    for (S3Object probe : old) {
      objects.delete(probe.key());
    }
    return old.size();
  }

  /** What has no time is left alone. */
  private static boolean isBefore(@Nullable Instant time, Instant limit) {
    return time != null && time.isBefore(limit);
  }
}
