package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * Makes an object of a file of known digest.
 *
 * <p>Where the store knows conditions, an object is only created where there is none, by {@code
 * If-None-Match: *}. Where it does not, looking first has to do: two who put one blob at a time put
 * the same bytes, so that the second changes nothing but the time.
 *
 * <p>The store is told the digests of what it has to receive; what it says it has, in the end, has
 * to agree, or it is deleted. Thread-safe; blocks.
 */
final class S3Upload {
  private static final Logger log = LoggerFactory.getLogger(S3Upload.class);

  private static final int MAX_ROUNDS = 3;
  private static final int HTTP_NOT_FOUND = 404;
  private static final int HTTP_CONFLICT = 409;
  private static final int HTTP_PRECONDITION_FAILED = 412;

  /**
   * What is to be put where.
   *
   * @param file complete
   * @param digest of it
   * @param sizeBytes of it
   */
  record Source(Path file, Sha256 digest, long sizeBytes) {}

  /**
   * Of one try.
   *
   * @param created or else there was one already
   * @param composite the digest of the parts' digests, where the store has to know it
   */
  private record Outcome(boolean created, Optional<String> composite) {}

  private final S3Calls calls;
  private final S3Objects objects;
  private final PartedUpload multipart;
  private final boolean conditional;

  /**
   * @param conditional whether the store heeds {@code If-None-Match}
   */
  S3Upload(S3Calls calls, S3Objects objects, boolean conditional) {
    this.calls = calls;
    this.objects = objects;
    this.multipart = new PartedUpload(calls);
    this.conditional = conditional;
  }

  /**
   * Puts it. An object of the right size that is there already is left as it is, unless the store
   * says that it has another digest.
   */
  void put(String key, Source source) throws IOException {
    Optional<ObjectHead> existing = objects.headInBucket(key);
    for (int round = 1; !isWhole(existing, source); round++) {
      if (round > MAX_ROUNDS) {
        throw new BlobStoreUnavailableException(
            calls.options().storeName(), key + " comes and goes while it is put", null);
      }
      Outcome outcome = tryToPut(key, source, conditional && existing.isEmpty());
      existing = objects.head(key);
      if (existing.isPresent()) {
        check(key, existing.get(), source, outcome.composite());
      } else if (outcome.created()) {
        return; // deleted since, which is as good as after this
      }
    }
  }

  private Outcome tryToPut(String key, Source source, boolean ifAbsent) throws IOException {
    try {
      if (source.sizeBytes() <= calls.options().partSizeBytes()) {
        putInOne(key, source, ifAbsent);
        return new Outcome(true, Optional.empty());
      }
      return new Outcome(true, multipart.put(key, source, ifAbsent));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause != null && isWorthALook(cause)) {
        return new Outcome(false, Optional.empty());
      }
      throw calls.errors().map("putting " + key, e);
    } catch (TimeoutException e) {
      throw calls.errors().map("putting " + key, e);
    }
  }

  /**
   * Whether somebody else may have been faster, or this one have put it already and an answer been
   * lost: then the object is there, or, repeated, the upload in parts is not there any more.
   */
  private static boolean isWorthALook(Throwable failure) {
    return failure instanceof AwsServiceException answer
        && switch (answer.statusCode()) {
          case HTTP_PRECONDITION_FAILED, HTTP_CONFLICT -> true;
          case HTTP_NOT_FOUND -> !S3Errors.code(answer).equals("NoSuchBucket");
          default -> false;
        };
  }

  private void putInOne(String key, Source source, boolean ifAbsent)
      throws IOException, ExecutionException, TimeoutException {
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .contentLength(source.sizeBytes())
            .overrideConfiguration(calls.within(source.sizeBytes()));
    if (calls.options().checksums() == S3Checksums.WHEN_SUPPORTED) {
      request.checksumSHA256(Base64.getEncoder().encodeToString(source.digest().bytes()));
    } else {
      request.contentMD5(md5(source));
    }
    if (ifAbsent) {
      request.ifNoneMatch("*");
    }
    AsyncRequestBody body =
        source.sizeBytes() == 0
            ? AsyncRequestBody.empty()
            : AsyncRequestBody.fromFile(source.file());
    calls.awaitRaw(
        calls.limit(source.sizeBytes()), calls.client().putObject(request.build(), body));
  }

  /** What stores garbage must not be left with a blob that others take for a good one. */
  private void check(String key, ObjectHead head, Source source, Optional<String> composite)
      throws IOException {
    String found = null;
    if (head.sizeBytes() != source.sizeBytes()) {
      found = head.sizeBytes() + " bytes";
    } else if (head.digest().isPresent() && !head.digest().get().equals(source.digest())) {
      found = "the SHA-256 " + head.digest().get();
    } else if (composite.isPresent()
        && head.digest().isEmpty()
        && head.sha256().isPresent()
        && !head.sha256().equals(composite)) {
      found = "parts of the SHA-256 " + head.sha256().get();
    }
    if (found == null) {
      return;
    }
    log.error("{} has {} after {} bytes were put; deleting it", key, found, source.sizeBytes());
    objects.deleteVersion(key, head.etag());
    throw new IOException(
        calls.options().storeName()
            + " has stored other bytes than were sent: "
            + key
            + " has "
            + found
            + " in place of "
            + source.sizeBytes()
            + " bytes of the SHA-256 "
            + source.digest());
  }

  /**
   * Where the store attests no digest, its size is enough: nothing gets to a digest's key that was
   * not digested as a whole before. What is put from here was when it was spooled, and what a
   * client has brought by itself is {@linkplain S3DirectUploads taken} out of its reach and read
   * first. Should the bytes go bad later, readers notice and have the object set aside.
   */
  private static boolean isWhole(Optional<ObjectHead> head, Source source) {
    return head.filter(found -> found.mayBe(source.digest(), source.sizeBytes())).isPresent();
  }

  private static String md5(Source source) throws IOException {
    try (FileChannel file = FileChannel.open(source.file(), StandardOpenOption.READ)) {
      PartDigests digests = new PartDigests(file, S3Checksums.WHEN_REQUIRED);
      String md5 = digests.next(source.sizeBytes());
      requireSame(digests.whole(), source);
      return md5;
    }
  }

  static void requireSame(Sha256 found, Source source) throws IOException {
    if (!found.equals(source.digest())) {
      throw new IOException(
          "the staged file "
              + source.file()
              + " has the SHA-256 "
              + found
              + " in place of "
              + source.digest());
    }
  }
}
