package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * Learns, once at the start and with a real object, what the store can do: whether it gives back
 * what it got, heeds conditions, and checks digests. Says so in the log.
 */
final class S3Probe {
  private static final Logger log = LoggerFactory.getLogger(S3Probe.class);

  private static final int CONTENT_BYTES = 1000;
  private static final int HTTP_BAD_REQUEST = 400;
  private static final int HTTP_PRECONDITION_FAILED = 412;
  private static final String SETTINGS =
      "see the settings for checksums and chunked encoding in the configuration";

  /**
   * What was found.
   *
   * @param conditional it refuses to create what exists, when asked to
   * @param checking it refuses what does not have the announced digest
   */
  record Findings(boolean conditional, boolean checking) {}

  private final S3Calls calls;
  private final S3Objects objects;
  private final String key;
  private final byte[] content = new byte[CONTENT_BYTES];

  S3Probe(S3Calls calls, S3Objects objects, S3Keys keys) {
    this.calls = calls;
    this.objects = objects;
    UUID unique = UUID.randomUUID();
    this.key = keys.key(S3Keys.PROBES + calls.options().nodeId() + "-" + unique);
    ByteBuffer.wrap(content).putLong(unique.getMostSignificantBits());
  }

  /**
   * Tries it.
   *
   * @throws BlobStoreUnavailableException when it cannot be used, and why
   */
  Findings run() throws IOException {
    objects.headBucket();
    try {
      calls.await("storing a probe", limit(), put(request(), content));
      requireSameBytes();
      Findings findings = new Findings(isConditional(), isChecking());
      report(findings);
      return findings;
    } finally {
      objects.delete(key);
    }
  }

  private void requireSameBytes() throws IOException {
    byte[] found = new byte[CONTENT_BYTES + 1];
    ByteBuffer buffer = ByteBuffer.wrap(found);
    try (S3ObjectChannel channel = S3ObjectChannel.open(calls, key, 0, -1)) {
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        // until the end
      }
    }
    if (!ByteBuffer.wrap(found, 0, buffer.position()).equals(ByteBuffer.wrap(content))) {
      throw new BlobStoreUnavailableException(
          calls.options().storeName(), "it gives back other bytes than it got; " + SETTINGS, null);
    }
  }

  private boolean isConditional() throws IOException {
    try {
      calls.awaitRaw(limit(), put(request().ifNoneMatch("*"), content));
      return false;
    } catch (ExecutionException e) {
      return e.getCause() != null && S3Errors.isStatus(e.getCause(), HTTP_PRECONDITION_FAILED);
    } catch (TimeoutException e) {
      throw calls.errors().map("storing a probe under a condition", e);
    }
  }

  private boolean isChecking() throws IOException {
    byte[] other = content.clone();
    other[CONTENT_BYTES - 1]++;
    try {
      calls.awaitRaw(limit(), put(request(), other));
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() != null && S3Errors.isStatus(e.getCause(), HTTP_BAD_REQUEST)) {
        return true;
      }
      throw calls.errors().map("storing a probe of another digest", e);
    } catch (TimeoutException e) {
      throw calls.errors().map("storing a probe of another digest", e);
    }
  }

  private void report(Findings findings) {
    log.info(
        "{}: creates objects {}; checks the digests of what it gets: {}",
        calls.options().storeName(),
        findings.conditional()
            ? "only where there is none (If-None-Match)"
            : "whatever is there (it does not know If-None-Match), so that we look first",
        findings.checking() ? "yes" : "no");
    if (!findings.checking()) {
      log.warn(
          "{} takes bytes that do not have the announced {}; what the network damages on the way is"
              + " noticed by readers alone; {}",
          calls.options().storeName(),
          calls.options().checksums() == S3Checksums.WHEN_SUPPORTED ? "SHA-256" : "MD5",
          SETTINGS);
    }
  }

  private PutObjectRequest.Builder request() {
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .contentLength((long) CONTENT_BYTES)
            .overrideConfiguration(calls.within(0));
    return calls.options().checksums() == S3Checksums.WHEN_SUPPORTED
        ? request.checksumSHA256(Base64.getEncoder().encodeToString(digest().bytes()))
        : request.contentMD5(PartDigests.md5(content));
  }

  private CompletableFuture<PutObjectResponse> put(PutObjectRequest.Builder request, byte[] bytes) {
    return calls.client().putObject(request.build(), AsyncRequestBody.fromBytes(bytes));
  }

  private Sha256 digest() {
    var sha256 = Hashing.newSha256();
    sha256.update(content);
    return Hashing.finish(sha256);
  }

  private Duration limit() {
    return calls.limit(0);
  }
}
