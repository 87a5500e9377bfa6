package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.PART_BYTES;
import static dev.assetmanagerd.asset.ServiceFixture.UPLOAD_TTL;
import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.transfer.v1.AbortUploadRequest;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.GetUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc.TransferServiceBlockingStub;
import dev.assetmanagerd.transfer.v1.Upload;
import dev.assetmanagerd.transfer.v1.WriteUploadHeader;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumableUploadTest {
  @TempDir private Path directory;
  private ServiceFixture service;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void anUploadWrittenInPiecesBecomesOneAssetOfExactlyItsBytes() throws Exception {
    byte[] bytes = bytes(4 * PART_BYTES + 123, 1);
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k").setId("mine")));

    Upload after = write(upload.getId(), 0, Arrays.copyOfRange(bytes, 0, 2 * PART_BYTES + 7));
    assertThat(after.getOffset()).isEqualTo(2L * PART_BYTES + 7);
    assertThat(after.getChecksumSoFar())
        .isEqualTo(sha256(Arrays.copyOfRange(bytes, 0, 2 * PART_BYTES + 7)));
    Upload all =
        write(
            upload.getId(),
            after.getOffset(),
            Arrays.copyOfRange(bytes, 2 * PART_BYTES + 7, bytes.length));
    assertThat(all.getChecksumSoFar()).isEqualTo(sha256(bytes));
    Asset asset = complete(upload.getId());

    assertThat(asset.getId()).isEqualTo("mine");
    assertThat(asset.getChecksum()).isEqualTo(sha256(bytes));
    assertThat(Files.readAllBytes(service.blobDirectory.resolve(asset.getLocation())))
        .isEqualTo(bytes);
    assertThat(service.filesInStore()).as("no parts are left").containsExactly(asset.getLocation());
    assertThat(complete(upload.getId())).as("the same asset again").isEqualTo(asset);
    assertThat(service.registry.everything()).containsExactly(asset);
    assertThat(get(upload.getId()).getAssetId()).isEqualTo("mine");
  }

  @Test
  void aStreamThatIsCutKeepsItsWholePartsAndGoesOnBehindThem() throws Exception {
    byte[] bytes = bytes(3 * PART_BYTES, 2);
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    CompletableFuture<WriteUploadResponse> answer = new CompletableFuture<>();
    StreamObserver<WriteUploadRequest> stream = stream(answer);
    stream.onNext(header(upload.getId(), 0));
    stream.onNext(chunk(Arrays.copyOfRange(bytes, 0, 2 * PART_BYTES + 500)));
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> get(upload.getId()).getOffset() == 2L * PART_BYTES);

    ((ClientCallStreamObserver<WriteUploadRequest>) stream).cancel("the line is cut", null);

    await().atMost(Duration.ofSeconds(20)).until(() -> service.module.runningUploads() == 0);
    Upload found = get(upload.getId());
    assertThat(found.getOffset()).isEqualTo(2L * PART_BYTES);
    assertThat(found.getChecksumSoFar())
        .isEqualTo(sha256(Arrays.copyOfRange(bytes, 0, 2 * PART_BYTES)));
    write(upload.getId(), 2L * PART_BYTES, Arrays.copyOfRange(bytes, 2 * PART_BYTES, bytes.length));
    assertThat(complete(upload.getId()).getChecksum()).isEqualTo(sha256(bytes));
  }

  @Test
  void ofTwoWritersAtOneOffsetOneWins() {
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    CompletableFuture<WriteUploadResponse> one = new CompletableFuture<>();
    CompletableFuture<WriteUploadResponse> other = new CompletableFuture<>();
    StreamObserver<WriteUploadRequest> first = stream(one);
    StreamObserver<WriteUploadRequest> second = stream(other);
    for (StreamObserver<WriteUploadRequest> stream : List.of(first, second)) {
      stream.onNext(header(upload.getId(), 0));
    }
    await().atMost(Duration.ofSeconds(20)).until(() -> service.module.runningUploads() == 2);
    first.onNext(chunk(bytes(500, 1)));
    second.onNext(chunk(bytes(700, 2)));
    first.onCompleted();
    second.onCompleted();

    long winners = Stream.of(one, other).filter(ResumableUploadTest::succeeded).count();

    assertThat(winners).isEqualTo(1);
    byte[] kept = succeeded(one) ? bytes(500, 1) : bytes(700, 2);
    assertThat(get(upload.getId()).getOffset()).isEqualTo(kept.length);
    assertThat(complete(upload.getId()).getChecksum()).isEqualTo(sha256(kept));
  }

  @Test
  void bytesAtAnotherOffsetAreRefusedAndTheRightOneIsNamed() {
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    write(upload.getId(), 0, bytes(100, 1));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> write(upload.getId(), 50, bytes(100, 1)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(failure).hasMessageContaining("goes on at offset 100");
  }

  @Test
  void bytesThatAreNotThoseAnnouncedBecomeNoAsset() {
    Upload upload =
        open(
            OpenUploadRequest.newBuilder()
                .setMetadata(kernel("k").setSizeBytes(1000))
                .setChecksum(sha256(bytes(1000, 1))));

    assertThat(failureOfComplete(upload.getId())).isEqualTo(Status.Code.FAILED_PRECONDITION);
    StatusRuntimeException tooMany =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> write(upload.getId(), 0, bytes(1001, 1)));
    assertThat(tooMany.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    write(upload.getId(), 0, bytes(1000, 2));
    assertThat(failureOfComplete(upload.getId())).isEqualTo(Status.Code.INVALID_ARGUMENT);

    assertThat(service.registry.everything()).isEmpty();
    abort(upload.getId());
    service.assertNothingLeft();
  }

  @Test
  void partsThatTheStoreHasChangedBecomeNoAsset() throws Exception {
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    write(upload.getId(), 0, bytes(1000, 1));
    Path part = service.blobDirectory.resolve(service.filesInStore().get(0));
    assertThat(part.toString()).contains(".uploads");
    Files.delete(part);
    Files.write(part, bytes(1000, 2));

    assertThat(failureOfComplete(upload.getId())).isEqualTo(Status.Code.DATA_LOSS);
    Files.delete(part);
    assertThat(failureOfComplete(upload.getId())).isEqualTo(Status.Code.DATA_LOSS);

    assertThat(service.registry.everything()).isEmpty();
  }

  @Test
  void anAbortedUploadIsGoneWithItsBytesAndAbortingAgainIsNoError() {
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    write(upload.getId(), 0, bytes(3 * PART_BYTES, 1));

    abort(upload.getId());
    abort(upload.getId());

    service.assertNothingLeft();
    assertThat(failureOfComplete(upload.getId())).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void anUploadEndsWhenNothingComesForItsTime() {
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    assertThat(upload.getExpiresInSeconds()).isEqualTo(UPLOAD_TTL.toSeconds());
    service.registry.pass(UPLOAD_TTL.minusSeconds(1));
    assertThat(get(upload.getId()).getExpiresInSeconds()).isEqualTo(1);

    service.registry.pass(Duration.ofSeconds(1));

    assertThat(failureOfComplete(upload.getId())).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void theSweepDeletesOldPartsOfUploadsThatHaveEndedAndNoOthers() throws Exception {
    Upload expired = open(OpenUploadRequest.newBuilder().setMetadata(kernel("expired")));
    write(expired.getId(), 0, bytes(2 * PART_BYTES, 1));
    service.registry.pass(UPLOAD_TTL);
    Upload open = open(OpenUploadRequest.newBuilder().setMetadata(kernel("open")));
    write(open.getId(), 0, bytes(2 * PART_BYTES, 2));

    assertThat(sweep()).as("they may be under way still").isZero();
    for (Upload upload : List.of(expired, open)) {
      Files.setLastModifiedTime(
          service.blobDirectory.resolve(".uploads").resolve(upload.getId()),
          FileTime.from(Instant.now().minus(2, ChronoUnit.HOURS)));
    }
    assertThat(sweep()).isEqualTo(1);

    assertThat(service.filesInStore())
        .hasSize(2)
        .allMatch(file -> file.contains(open.getId()), "is of the one that is open");
    write(open.getId(), 2L * PART_BYTES, bytes(10, 3));
    assertThat(complete(open.getId()).getSizeBytes()).isEqualTo(2L * PART_BYTES + 10);
  }

  private long sweep() {
    return GarbageServiceGrpc.newBlockingStub(service.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .sweepOrphans(SweepOrphansRequest.getDefaultInstance())
        .getEndedUploadCount();
  }

  @Test
  void aStreamOnWhichNothingComesIsEndedAndWhatWasKeptStays() throws Exception {
    service.close();
    Path other = Files.createDirectory(directory.resolve("impatient"));
    service = ServiceFixture.with(other, ResumableUploadTest::impatient, store -> store);
    byte[] bytes = bytes(2 * PART_BYTES, 2);
    Upload upload = open(OpenUploadRequest.newBuilder().setMetadata(kernel("k")));
    CompletableFuture<WriteUploadResponse> answer = new CompletableFuture<>();
    StreamObserver<WriteUploadRequest> stream = stream(answer);
    stream.onNext(header(upload.getId(), 0));
    stream.onNext(chunk(Arrays.copyOfRange(bytes, 0, PART_BYTES + 500)));

    Status ended =
        answer
            .handle((response, failure) -> Status.fromThrowable(failure))
            .orTimeout(20, TimeUnit.SECONDS)
            .join();

    assertThat(ended.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(service.module.runningUploads()).isZero();
    assertThat(get(upload.getId()).getOffset()).isEqualTo(PART_BYTES);
  }

  private static AssetServiceOptions impatient(AssetServiceOptions options) {
    return new AssetServiceOptions(
        options.backend(),
        options.maxAssetBytes(),
        options.defaultDeadline(),
        Duration.ofSeconds(1),
        options.maxUploads(),
        options.garbage(),
        options.prepare(),
        options.leases());
  }

  @Test
  void whatCannotBecomeAnAssetIsNotEvenOpened() {
    service.upload(kernel("one").setId("taken"), bytes(100, 1));

    assertThat(failureOfOpen(OpenUploadRequest.newBuilder()))
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(
            failureOfOpen(
                OpenUploadRequest.newBuilder().setMetadata(kernel("k").setSizeBytes(1L << 40))))
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(
            failureOfOpen(
                OpenUploadRequest.newBuilder()
                    .setMetadata(kernel("one").setId("taken"))
                    .setChecksum(sha256(bytes(100, 2)))))
        .isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(
            failureOfOpen(
                OpenUploadRequest.newBuilder()
                    .setMetadata(kernel("k").setSizeBytes(5))
                    .setChecksum(sha256(bytes(5, 2)))
                    .setDirect(true)))
        .as("a store that takes no bytes from clients")
        .isEqualTo(Status.Code.FAILED_PRECONDITION);
  }

  private TransferServiceBlockingStub stub() {
    return TransferServiceGrpc.newBlockingStub(service.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private Upload open(OpenUploadRequest.Builder request) {
    return stub().openUpload(request.build()).getUpload();
  }

  private Upload get(String id) {
    return stub().getUpload(GetUploadRequest.newBuilder().setUploadId(id).build()).getUpload();
  }

  private Asset complete(String id) {
    return stub()
        .completeUpload(CompleteUploadRequest.newBuilder().setUploadId(id).build())
        .getAsset();
  }

  private void abort(String id) {
    var unused = stub().abortUpload(AbortUploadRequest.newBuilder().setUploadId(id).build());
  }

  private Status.Code failureOfComplete(String id) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> complete(id))
        .getStatus()
        .getCode();
  }

  private Status.Code failureOfOpen(OpenUploadRequest.Builder request) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> open(request))
        .getStatus()
        .getCode();
  }

  private static boolean succeeded(CompletableFuture<WriteUploadResponse> answer) {
    return answer
        .handle((response, failure) -> failure == null)
        .orTimeout(20, TimeUnit.SECONDS)
        .join();
  }

  private Upload write(String id, long offset, byte[] bytes) {
    CompletableFuture<WriteUploadResponse> answer = new CompletableFuture<>();
    StreamObserver<WriteUploadRequest> stream = stream(answer);
    stream.onNext(header(id, offset));
    for (int from = 0; from < bytes.length; from += 7000) {
      stream.onNext(chunk(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 7000))));
    }
    stream.onCompleted();
    try {
      return answer.get(20, TimeUnit.SECONDS).getUpload();
    } catch (ExecutionException e) {
      throw (StatusRuntimeException) e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no answer to a write", e);
    }
  }

  private StreamObserver<WriteUploadRequest> stream(CompletableFuture<WriteUploadResponse> answer) {
    return TransferServiceGrpc.newStub(service.channel())
        .writeUpload(
            new StreamObserver<>() {
              @Override
              public void onNext(WriteUploadResponse message) {
                answer.complete(message);
              }

              @Override
              public void onError(Throwable failure) {
                answer.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {}
            });
  }

  private static WriteUploadRequest header(String id, long offset) {
    return WriteUploadRequest.newBuilder()
        .setHeader(WriteUploadHeader.newBuilder().setUploadId(id).setOffset(offset))
        .build();
  }

  private static WriteUploadRequest chunk(byte[] bytes) {
    return WriteUploadRequest.newBuilder().setChunk(ByteString.copyFrom(bytes)).build();
  }
}
