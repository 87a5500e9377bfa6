package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.UploadChangedException;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.s3.presigner.model.PresignedPutObjectRequest;

/**
 * Uploads past the node, to the object {@code .uploads/UPLOAD/direct}. Publishing is a copy inside
 * the store, of the version that was verified.
 */
final class S3DirectUploads implements DirectUploads {
  /** What the protocol allows in one request, and to be copied in one. */
  private static final long MAX_BYTES = S3Options.MAX_PART_BYTES;

  private static final int HTTP_PRECONDITION_FAILED = 412;

  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;
  private final S3Presigner presigner;
  private final boolean checking;

  /**
   * @param checking whether the store checks digests
   */
  S3DirectUploads(
      S3Calls calls, S3Objects objects, S3Keys keys, S3Presigner presigner, boolean checking) {
    this.checking = checking;
    this.calls = calls;
    this.objects = objects;
    this.keys = keys;
    this.presigner = presigner;
  }

  @Override
  public long maxBytes() {
    return MAX_BYTES;
  }

  @Override
  public SignedRequest sign(String uploadId, Sha256 digest, long sizeBytes, Duration validity)
      throws IOException {
    PutObjectRequest.Builder put =
        PutObjectRequest.builder()
            .bucket(calls.options().bucket())
            .key(keys.directKey(uploadId))
            .contentLength(sizeBytes);
    if (calls.options().checksums() == S3Checksums.WHEN_SUPPORTED) {
      put.checksumSHA256(Base64.getEncoder().encodeToString(digest.bytes()));
    }
    try {
      PresignedPutObjectRequest signed =
          presigner.presignPutObject(
              request -> request.signatureDuration(validity).putObjectRequest(put.build()));
      Map<String, String> headers = new TreeMap<>();
      signed.signedHeaders().forEach((name, values) -> headers.put(name, String.join(",", values)));
      headers.keySet().removeIf("host"::equalsIgnoreCase); // every client sends that by itself
      return new SignedRequest("PUT", URI.create(signed.url().toString()), headers);
    } catch (SdkException e) {
      throw calls.errors().map("signing an upload", e);
    }
  }

  /** The location in the answer is the version of what was found. */
  @Override
  public Optional<BlobStat> stat(String uploadId) throws IOException {
    return objects.head(keys.directKey(uploadId)).map(head -> head.stat(head.etag(), checking));
  }

  @Override
  public ReadableByteChannel open(String uploadId) throws IOException {
    return S3ObjectChannel.open(calls, keys.directKey(uploadId), 0, -1);
  }

  @Override
  public void publish(
      String uploadId, BlobStat verified, String location, Sha256 digest, long sizeBytes)
      throws IOException {
    if (!digest.isLocation(location)) {
      throw new InvalidLocationException(location, "is no location of digest " + digest);
    }
    if (verified.sizeBytes() != sizeBytes) {
      throw new IOException(
          "the client has stored " + verified.sizeBytes() + " bytes in place of " + sizeBytes);
    }
    String key = keys.key(location);
    if (objects.headInBucket(key).filter(head -> head.sizeBytes() == sizeBytes).isPresent()) {
      return;
    }
    copy(uploadId, verified.location(), key, sizeBytes);
    ObjectHead copied =
        objects.head(key).orElseThrow(() -> new IOException(key + " is gone after it was copied"));
    if (copied.sizeBytes() != sizeBytes) {
      objects.deleteVersion(key, copied.etag());
      throw new IOException(
          key + " has " + copied.sizeBytes() + " bytes after " + sizeBytes + " were copied");
    }
  }

  private void copy(String uploadId, String etag, String to, long sizeBytes) throws IOException {
    String from = keys.directKey(uploadId);
    CopyObjectRequest.Builder request =
        CopyObjectRequest.builder()
            .sourceBucket(calls.options().bucket())
            .sourceKey(from)
            .copySourceIfMatch(etag)
            .destinationBucket(calls.options().bucket())
            .destinationKey(to)
            .overrideConfiguration(calls.within(sizeBytes));
    if (calls.options().checksums() == S3Checksums.WHEN_SUPPORTED) {
      request.checksumAlgorithm(ChecksumAlgorithm.SHA256);
    }
    try {
      calls.awaitRaw(calls.limit(sizeBytes), calls.client().copyObject(request.build()));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause != null && S3Errors.isStatus(cause, HTTP_PRECONDITION_FAILED)) {
        throw new UploadChangedException(uploadId, e);
      }
      throw calls.errors().map("copying " + from, e);
    } catch (TimeoutException e) {
      throw calls.errors().map("copying " + from, e);
    }
  }
}
