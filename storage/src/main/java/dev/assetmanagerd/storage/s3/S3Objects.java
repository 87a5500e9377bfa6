package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadBucketRequest;
import software.amazon.awssdk.services.s3.model.HeadBucketResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;

/** The small requests: what is there, take it away, what time is it. Thread-safe; blocks. */
final class S3Objects {
  private static final int HTTP_NOT_FOUND = 404;

  private final S3Calls calls;

  S3Objects(S3Calls calls) {
    this.calls = calls;
  }

  /**
   * What is at a key. An answer that there is nothing has no body that would tell whether it is the
   * bucket that is missing; so that is asked for then.
   */
  Optional<ObjectHead> head(String key) throws IOException {
    Optional<ObjectHead> head = headInBucket(key);
    if (head.isEmpty()) {
      headBucket();
    }
    return head;
  }

  /** The same where something is about to be put, which will tell whether the bucket is there. */
  Optional<ObjectHead> headInBucket(String key) throws IOException {
    HeadObjectRequest.Builder request =
        HeadObjectRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .overrideConfiguration(calls.within(0));
    if (calls.options().checksums() == S3Checksums.WHEN_SUPPORTED) {
      request.checksumMode(ChecksumMode.ENABLED);
    }
    try {
      return Optional.of(
          ObjectHead.of(
              calls.awaitRaw(calls.limit(0), calls.client().headObject(request.build()))));
    } catch (ExecutionException e) {
      if (e.getCause() != null && S3Errors.isStatus(e.getCause(), HTTP_NOT_FOUND)) {
        return Optional.empty();
      }
      throw calls.errors().map("looking at " + key, e);
    } catch (TimeoutException e) {
      throw calls.errors().map("looking at " + key, e);
    }
  }

  /** Makes sure that the bucket is there and may be used. */
  HeadBucketResponse headBucket() throws IOException {
    HeadBucketRequest request =
        HeadBucketRequest.builder()
            .bucket(calls.options().bucket())
            .overrideConfiguration(calls.within(0))
            .build();
    try {
      return calls.awaitRaw(calls.limit(0), calls.client().headBucket(request));
    } catch (ExecutionException e) {
      if (e.getCause() != null && S3Errors.isStatus(e.getCause(), HTTP_NOT_FOUND)) {
        throw calls.errors().noBucket(e);
      }
      throw calls.errors().map("looking at the bucket", e);
    } catch (TimeoutException e) {
      throw calls.errors().map("looking at the bucket", e);
    }
  }

  /** Deletes what is at a key, if anything is. */
  void delete(String key) throws IOException {
    calls.await("deleting " + key, 0, calls.client().deleteObject(deletion(key).build()));
  }

  /** Deletes what is at some keys, at the same time. */
  void deleteAll(List<String> some) throws IOException {
    List<CompletableFuture<DeleteObjectResponse>> answers =
        some.stream().map(key -> calls.client().deleteObject(deletion(key).build())).toList();
    for (CompletableFuture<DeleteObjectResponse> answer : answers) {
      calls.await("deleting parts", 0, answer);
    }
  }

  /** Deletes it unless it is another by now; a store that knows no conditions deletes it anyway. */
  void deleteVersion(String key, String etag) throws IOException {
    DeleteObjectRequest.Builder request = deletion(key);
    if (!etag.isEmpty()) {
      request.ifMatch(etag);
    }
    calls.await("deleting " + key, 0, calls.client().deleteObject(request.build()));
  }

  /** The present time by the clock of the server, in whole seconds. */
  Instant serverTime() throws IOException {
    String date = headBucket().sdkHttpResponse().firstMatchingHeader("Date").orElse("");
    try {
      return DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
    } catch (DateTimeException e) {
      throw new IOException(calls.options().storeName() + " tells the date as \"" + date + "\"", e);
    }
  }

  private DeleteObjectRequest.Builder deletion(String key) {
    return DeleteObjectRequest.builder()
        .bucket(calls.options().bucket())
        .key(key)
        .overrideConfiguration(calls.within(0));
  }
}
