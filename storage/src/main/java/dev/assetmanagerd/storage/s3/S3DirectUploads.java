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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.s3.presigner.model.PresignedPutObjectRequest;

/**
 * Uploads past the node, to the object {@code .uploads/UPLOAD/direct}. Publishing is a copy inside
 * the store, of the version that was verified.
 *
 * <p>Where the store does not check SHA-256 digests, the client can bring any bytes, and others
 * again while the first are read. So what is read there, and then published, is a copy beside it,
 * {@code .uploads/UPLOAD/taken-…}, which no request of a client is signed for. It goes with the
 * upload's parts at the latest.
 */
final class S3DirectUploads implements DirectUploads {
  private static final Logger log = LoggerFactory.getLogger(S3DirectUploads.class);

  /** What the protocol allows in one request, and to be copied in one. */
  private static final long MAX_BYTES = S3Options.MAX_PART_BYTES;

  private static final int HTTP_PRECONDITION_FAILED = 412;

  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;
  private final S3Presigner presigner;
  private final boolean attesting;

  /**
   * @param attesting whether the store checks SHA-256 digests, and tells them
   */
  S3DirectUploads(
      S3Calls calls, S3Objects objects, S3Keys keys, S3Presigner presigner, boolean attesting) {
    this.attesting = attesting;
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
    return objects.head(keys.directKey(uploadId)).map(head -> head.stat(head.etag(), attesting));
  }

  @Override
  public Taken take(String uploadId, BlobStat found) throws IOException {
    String direct = keys.directKey(uploadId);
    if (found.digest().isPresent()) {
      // The digest is signed and checked: the client can bring the same bytes again, and no others.
      return new TakenObject(uploadId, direct, found, false);
    }
    String key = keys.takenKey(uploadId);
    boolean done = false;
    try {
      copy(uploadId, direct, found.location(), key, found.sizeBytes());
      ObjectHead head = copied(key, found.sizeBytes());
      done = true;
      return new TakenObject(uploadId, key, head.stat(head.etag(), attesting), true);
    } finally {
      if (!done) {
        discard(key);
      }
    }
  }

  /** An object whose bytes stay what they are. */
  private final class TakenObject implements Taken {
    private final String uploadId;
    private final String key;
    private final BlobStat stat;
    private final boolean isCopy;

    /**
     * @param stat with its version as the location
     * @param isCopy one made here under a name that nobody has a signature for; an ETag alone would
     *     not do, as it may be an MD5, of which a client can make two files
     */
    TakenObject(String uploadId, String key, BlobStat stat, boolean isCopy) {
      this.uploadId = uploadId;
      this.key = key;
      this.stat = stat;
      this.isCopy = isCopy;
    }

    @Override
    public BlobStat stat() {
      return stat;
    }

    @Override
    public ReadableByteChannel open() throws IOException {
      return S3ObjectChannel.openVersion(calls, key, stat.location());
    }

    @Override
    public void publish(String location, Sha256 digest) throws IOException {
      if (!digest.isLocation(location)) {
        throw new InvalidLocationException(location, "is no location of digest " + digest);
      }
      if (!stat.digest().orElse(digest).equals(digest)) {
        throw new IOException(
            "the client has stored bytes of digest " + stat.digest().get() + ", not " + digest);
      }
      String target = keys.key(location);
      Optional<ObjectHead> existing = objects.headInBucket(target);
      if (existing.isPresent() && existing.get().mayBe(digest, stat.sizeBytes())) {
        return;
      }
      copy(uploadId, key, stat.location(), target, stat.sizeBytes());
      ObjectHead copied = copied(target, stat.sizeBytes());
      if (!copied.mayBe(digest, stat.sizeBytes())) {
        objects.deleteVersion(target, copied.etag());
        throw new IOException(
            target + " has the SHA-256 " + copied.digest().get() + " after it was copied");
      }
    }

    @Override
    public void close() {
      if (isCopy) {
        discard(key);
      }
    }
  }

  private ObjectHead copied(String key, long sizeBytes) throws IOException {
    ObjectHead copied =
        objects.head(key).orElseThrow(() -> new IOException(key + " is gone after it was copied"));
    if (copied.sizeBytes() != sizeBytes) {
      objects.deleteVersion(key, copied.etag());
      throw new IOException(
          key + " has " + copied.sizeBytes() + " bytes after " + sizeBytes + " were copied");
    }
    return copied;
  }

  private void discard(String key) {
    try {
      objects.delete(key);
    } catch (IOException e) {
      log.warn("{} stays until its upload is swept: {}", key, e.getMessage());
    }
  }

  private void copy(String uploadId, String from, String etag, String to, long sizeBytes)
      throws IOException {
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
