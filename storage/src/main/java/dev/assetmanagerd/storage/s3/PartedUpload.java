package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.model.AbortMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * Puts a file in parts, a few at a time, from the file and not from memory. While some are on their
 * way, the next is digested. Whatever fails, the upload is aborted. Thread-safe; blocks.
 */
final class PartedUpload {
  private static final Logger log = LoggerFactory.getLogger(PartedUpload.class);

  private static final int MAX_PARTS = 10_000;

  /** How much faster than the line a server copies by itself, at least. */
  private static final int COPY_SPEED = 100;

  private record Part(
      int number, long sizeBytes, String checksum, CompletableFuture<UploadPartResponse> answer) {}

  private final S3Calls calls;
  private final boolean sha256;

  PartedUpload(S3Calls calls) {
    this.calls = calls;
    this.sha256 = calls.options().checksums() == S3Checksums.WHEN_SUPPORTED;
  }

  /**
   * Puts it.
   *
   * @return the composite digest that the store has to come to; empty where it is not asked to
   * @throws ExecutionException with the SDK's exception, where the store refused it
   */
  Optional<String> put(String key, S3Upload.Source source, boolean ifAbsent)
      throws IOException, ExecutionException, TimeoutException {
    String uploadId = create(key);
    boolean completed = false;
    try (FileChannel file = FileChannel.open(source.file(), StandardOpenOption.READ)) {
      PartDigests digests = new PartDigests(file, calls.options().checksums());
      List<CompletedPart> parts = putParts(key, uploadId, source, digests);
      S3Upload.requireSame(digests.whole(), source);
      complete(key, uploadId, parts, ifAbsent);
      completed = true;
      return sha256 ? Optional.of(digests.composite()) : Optional.empty();
    } finally {
      if (!completed) {
        abort(key, uploadId);
      }
    }
  }

  /** Aborts one. Failing is logged and no more: the clean-up of leftovers comes to it again. */
  boolean abort(String key, String uploadId) {
    AbortMultipartUploadRequest request =
        AbortMultipartUploadRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .uploadId(uploadId)
            .overrideConfiguration(calls.within(0))
            .build();
    try {
      calls.await("aborting the upload of " + key, 0, calls.client().abortMultipartUpload(request));
      return true;
    } catch (NoSuchFileException e) {
      return false; // it has ended by itself
    } catch (IOException e) {
      log.warn("The upload of {} in parts is left behind: {}", key, e.getMessage());
      return false;
    }
  }

  private String create(String key) throws IOException {
    CreateMultipartUploadRequest.Builder request =
        CreateMultipartUploadRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .overrideConfiguration(calls.within(0));
    if (sha256) {
      request.checksumAlgorithm(ChecksumAlgorithm.SHA256);
    }
    return calls
        .await("beginning to put " + key, 0, calls.client().createMultipartUpload(request.build()))
        .uploadId();
  }

  private List<CompletedPart> putParts(
      String key, String uploadId, S3Upload.Source source, PartDigests digests)
      throws IOException, ExecutionException, TimeoutException {
    long partSize = partSize(source.sizeBytes());
    Deque<Part> inFlight = new ArrayDeque<>();
    List<CompletedPart> done = new ArrayList<>();
    try {
      for (long position = 0; position < source.sizeBytes(); position += partSize) {
        if (inFlight.size() == calls.options().partsInFlight()) {
          done.add(finish(inFlight.remove()));
        }
        long size = Math.min(partSize, source.sizeBytes() - position);
        int number = done.size() + inFlight.size() + 1;
        inFlight.add(start(key, uploadId, source, number, position, size, digests.next(size)));
      }
      while (!inFlight.isEmpty()) {
        done.add(finish(inFlight.remove()));
      }
      return done;
    } finally {
      inFlight.forEach(part -> part.answer().cancel(true));
    }
  }

  private Part start(
      String key,
      String uploadId,
      S3Upload.Source source,
      int number,
      long position,
      long size,
      String checksum) {
    UploadPartRequest.Builder request =
        UploadPartRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .uploadId(uploadId)
            .partNumber(number)
            .contentLength(size)
            .overrideConfiguration(calls.within(partBytes(size)));
    if (sha256) {
      request.checksumSHA256(checksum);
    } else {
      request.contentMD5(checksum);
    }
    AsyncRequestBody body =
        AsyncRequestBody.fromFile(
            config -> config.path(source.file()).position(position).numBytesToRead(size));
    return new Part(number, size, checksum, calls.client().uploadPart(request.build(), body));
  }

  private CompletedPart finish(Part part)
      throws InterruptedIOException, ExecutionException, TimeoutException {
    UploadPartResponse answer =
        calls.awaitRaw(calls.limit(partBytes(part.sizeBytes())), part.answer());
    CompletedPart.Builder completed =
        CompletedPart.builder().partNumber(part.number()).eTag(answer.eTag());
    if (sha256) {
      completed.checksumSHA256(part.checksum());
    }
    return completed.build();
  }

  private void complete(String key, String uploadId, List<CompletedPart> parts, boolean ifAbsent)
      throws InterruptedIOException, ExecutionException, TimeoutException {
    CompleteMultipartUploadRequest.Builder request =
        CompleteMultipartUploadRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .uploadId(uploadId)
            .multipartUpload(upload -> upload.parts(parts))
            .overrideConfiguration(calls.within(completionBytes(parts.size())));
    if (ifAbsent) {
      request.ifNoneMatch("*");
    }
    calls.awaitRaw(
        calls.limit(completionBytes(parts.size())),
        calls.client().completeMultipartUpload(request.build()));
  }

  /** The parts in flight share the line. */
  private long partBytes(long size) {
    return size * calls.options().partsInFlight();
  }

  /** Some servers copy the parts together before they answer. */
  private long completionBytes(int parts) {
    return parts * calls.options().partSizeBytes() / COPY_SPEED;
  }

  private long partSize(long sizeBytes) {
    long least = (sizeBytes + MAX_PARTS - 1) / MAX_PARTS;
    return Math.max(calls.options().partSizeBytes(), least);
  }
}
