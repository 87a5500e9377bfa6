package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.UPLOAD_TTL;
import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.transfer.v1.AbortUploadRequest;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.CompleteUploadResponse;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadResponse;
import dev.assetmanagerd.transfer.v1.SignedRequest;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc.TransferServiceBlockingStub;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bytes that go past the node, over plain HTTP, to a real S3 server. */
@Tag("cluster")
@Timeout(60)
class DirectUploadTest {
  private static final int SIZE = 300_000;

  @TempDir private Path directory;
  private final byte[] content = bytes(SIZE, 1);
  private final byte[] other = bytes(SIZE, 2);

  @Test
  void whatAClientHasBroughtToTheStoreBecomesAnAsset() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      OpenUploadResponse opened = open(node);
      assertThat(opened.getUpload().getDirect()).isTrue();
      assertThat(opened.getRequest().getMethod()).isEqualTo("PUT");
      assertThat(opened.getRequest().getUrl())
          .as("good for as long as the upload")
          .contains("X-Amz-Expires=" + UPLOAD_TTL.toSeconds());

      assertThat(send(opened.getRequest(), content)).isEqualTo(200);
      Asset asset = complete(node, opened);

      assertThat(asset.getId()).isEqualTo("k");
      assertThat(asset.getBackend()).isEqualTo(StorageBackend.STORAGE_BACKEND_S3);
      assertThat(asset.getSizeBytes()).isEqualTo(SIZE);
      assertThat(asset.getChecksum()).isEqualTo(sha256(content));
      assertThat(downloaded(node)).isEqualTo(content);
      assertThat(leftovers(node)).isEmpty();
      assertThat(complete(node, opened)).as("the same asset again").isEqualTo(asset);
    }
  }

  @Test
  void aStoreThatChecksDigestsRefusesOtherBytes() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      OpenUploadResponse opened = open(node);

      assertThat(send(opened.getRequest(), other)).isBetween(400, 499);

      assertThat(failureOfComplete(node, opened).getCode())
          .isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertNothing(node);
    }
  }

  @Test
  void otherBytesBecomeNoAssetAndStayUntilTheRightOnesReplaceThem() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_REQUIRED)) {
      OpenUploadResponse opened = open(node);

      assertThat(send(opened.getRequest(), other)).isEqualTo(200);
      Status wrong = failureOfComplete(node, opened);
      assertThat(wrong.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(wrong.getDescription()).contains("checksum", sha256(content), sha256(other));
      assertNothingButTheUpload(node, opened);

      assertThat(send(opened.getRequest(), bytes(SIZE - 1, 1))).isEqualTo(200);
      Status tooFew = failureOfComplete(node, opened);
      assertThat(tooFew.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(tooFew.getDescription()).contains("size_bytes: is 300000", "299999");
      assertNothingButTheUpload(node, opened);

      assertThat(send(opened.getRequest(), content)).isEqualTo(200);
      assertThat(complete(node, opened).getChecksum()).isEqualTo(sha256(content));
      assertThat(leftovers(node)).isEmpty();
    }
  }

  @Test
  void otherBytesGoWithTheUploadThatIsAborted() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_REQUIRED)) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), other)).isEqualTo(200);
      assertThat(failureOfComplete(node, opened).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);

      abort(node, opened);

      assertNothing(node);
    }
  }

  @Test
  void aByteThatComesWrongOnceCostsTheClientNothing() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    try (ObjectStoreFixture node =
        reading(bytes -> reads.incrementAndGet() == 1 ? flipped(bytes, 1) : bytes)) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);

      assertThat(complete(node, opened).getChecksum()).isEqualTo(sha256(content));

      assertThat(reads).hasValue(2);
      assertThat(downloaded(node)).isEqualTo(content);
    }
  }

  @Test
  void aStoreThatGivesOtherBytesEachTimeIsNotTheClientsFault() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    try (ObjectStoreFixture node = reading(bytes -> flipped(bytes, reads.incrementAndGet()))) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);

      Status failure = failureOfComplete(node, opened);

      assertThat(failure.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getDescription()).contains("other bytes", "nothing was changed");
      assertNothingButTheUpload(node, opened);
    }
  }

  @Test
  void aCompletionIsTheOnlyOneOfItsUploadAndEndsWithItsCallThoughTheStoreHangs() throws Exception {
    HangingReads hanging = new HangingReads();
    try (ObjectStoreFixture node = reading(hanging::first)) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);
      ListenableFuture<CompleteUploadResponse> first =
          TransferServiceGrpc.newFutureStub(node.service.channel())
              .completeUpload(completion(opened));
      assertThat(hanging.threadOfFirst.get(20, TimeUnit.SECONDS))
          .as("none of those that serve calls")
          .startsWith("asset-complete-");

      Status second = failureOfComplete(node, opened);
      assertThat(second.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(second.getDescription()).contains("upload_id: another call completes this");
      assertThat(hanging.closed).isNotDone();

      assertThat(first.cancel(true)).isTrue();

      await().atMost(Duration.ofSeconds(20)).until(hanging.closed::isDone);
      Asset asset =
          await()
              .atMost(Duration.ofSeconds(20))
              .ignoreException(StatusRuntimeException.class)
              .until(() -> complete(node, opened), made -> true);
      assertThat(asset.getChecksum()).isEqualTo(sha256(content));
      assertThat(leftovers(node)).isEmpty();
    }
  }

  @Test
  void aCompletionEndsWithItsDeadlineThoughTheStoreHangs() throws Exception {
    HangingReads hanging = new HangingReads();
    try (ObjectStoreFixture node = reading(hanging::first)) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);

      Status late =
          catchThrowableOfType(
                  StatusRuntimeException.class,
                  () ->
                      stub(node)
                          .withDeadlineAfter(2, TimeUnit.SECONDS)
                          .completeUpload(completion(opened)))
              .getStatus();

      assertThat(late.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      await().atMost(Duration.ofSeconds(20)).until(hanging.closed::isDone);
      assertThat(leftovers(node)).containsExactly(opened.getUpload().getId());
    }
  }

  @Test
  void whatWasNeverBroughtOrCameTooLateBecomesNoAsset() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      OpenUploadResponse opened = open(node);
      Status missing = failureOfComplete(node, opened);
      assertThat(missing.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(missing.getDescription()).contains("no bytes of it yet");
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);

      node.service.registry.pass(UPLOAD_TTL);

      assertThat(failureOfComplete(node, opened).getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(node.service.registry.everything()).isEmpty();
    }
  }

  @Test
  void anAbortedUploadLeavesNothing() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);
      assertThat(leftovers(node)).containsExactly(opened.getUpload().getId());

      abort(node, opened);

      assertNothing(node);
    }
  }

  @Test
  void whatIsBroughtAfterCompletionChangesNoAsset() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_REQUIRED)) {
      OpenUploadResponse opened = open(node);
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);
      Asset asset = complete(node, opened);

      assertThat(send(opened.getRequest(), other)).isEqualTo(200);

      assertThat(complete(node, opened)).isEqualTo(asset);
      assertThat(downloaded(node)).isEqualTo(content);
      assertThat(leftovers(node)).as("of what came too late").isEmpty();
    }
  }

  @Test
  void whatIsReplacedWhileItIsBeingTakenBecomesNoAsset() throws Exception {
    try (ReplacingClient client = new ReplacingClient(true)) {
      Status replaced = failureOfComplete(client.node, client.opened);

      assertThat(replaced.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(replaced.getDescription()).contains("something else");
      assertThat(client.node.service.registry.everything()).isEmpty();
      assertThat(blobs(client.node)).isEmpty();
    }
  }

  @Test
  void whatIsReplacedBetweenItsVerificationAndItsPublicationIsNoPartOfTheAsset() throws Exception {
    try (ReplacingClient client = new ReplacingClient(false)) {
      Asset asset = complete(client.node, client.opened);

      assertThat(asset.getChecksum()).isEqualTo(sha256(content));
      assertThat(downloaded(client.node)).isEqualTo(content);
      assertThat(leftovers(client.node)).isEmpty();
    }
  }

  @Test
  void sizeAndDigestHaveToBeAnnounced() throws Exception {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      for (OpenUploadRequest.Builder request :
          List.of(
              OpenUploadRequest.newBuilder().setMetadata(kernel("k").setSizeBytes(SIZE)),
              OpenUploadRequest.newBuilder()
                  .setMetadata(kernel("k"))
                  .setChecksum(sha256(content)))) {
        StatusRuntimeException refused =
            catchThrowableOfType(
                StatusRuntimeException.class,
                () -> stub(node).openUpload(request.setDirect(true).build()));
        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      }
    }
  }

  private static TransferServiceBlockingStub stub(ObjectStoreFixture node) {
    return TransferServiceGrpc.newBlockingStub(node.service.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private OpenUploadResponse open(ObjectStoreFixture node) {
    return stub(node)
        .openUpload(
            OpenUploadRequest.newBuilder()
                .setMetadata(kernel("k").setId("k").setSizeBytes(SIZE))
                .setChecksum(sha256(content))
                .setDirect(true)
                .build());
  }

  private static void abort(ObjectStoreFixture node, OpenUploadResponse opened) {
    var unused =
        stub(node)
            .abortUpload(
                AbortUploadRequest.newBuilder().setUploadId(opened.getUpload().getId()).build());
  }

  private static CompleteUploadRequest completion(OpenUploadResponse opened) {
    return CompleteUploadRequest.newBuilder().setUploadId(opened.getUpload().getId()).build();
  }

  private static Asset complete(ObjectStoreFixture node, OpenUploadResponse opened) {
    return stub(node).completeUpload(completion(opened)).getAsset();
  }

  /** On a store that attests nothing, whose bytes come the way that is given. */
  private ObjectStoreFixture reading(UnaryOperator<ReadableByteChannel> way) throws IOException {
    return new ObjectStoreFixture(
        directory,
        S3Checksums.WHEN_REQUIRED,
        direct -> new WatchedUploads(direct, () -> {}, way, () -> {}));
  }

  /** With its first byte changed. */
  private static ReadableByteChannel flipped(ReadableByteChannel bytes, int by) {
    return new ReadableByteChannel() {
      private boolean begun;

      @Override
      public int read(ByteBuffer target) throws IOException {
        int at = target.position();
        int n = bytes.read(target);
        if (n > 0 && !begun) {
          target.put(at, (byte) (target.get(at) + by));
          begun = true;
        }
        return n;
      }

      @Override
      public boolean isOpen() {
        return bytes.isOpen();
      }

      @Override
      public void close() throws IOException {
        bytes.close();
      }
    };
  }

  /** The first read waits until its channel is closed. */
  private static final class HangingReads {
    final CompletableFuture<String> threadOfFirst = new CompletableFuture<>();
    final CompletableFuture<Void> closed = new CompletableFuture<>();

    ReadableByteChannel first(ReadableByteChannel bytes) {
      return threadOfFirst.complete(Thread.currentThread().getName()) ? hanging(bytes) : bytes;
    }

    private ReadableByteChannel hanging(ReadableByteChannel bytes) {
      return new ReadableByteChannel() {
        @Override
        public int read(ByteBuffer target) throws IOException {
          closed.orTimeout(30, TimeUnit.SECONDS).join();
          throw new AsynchronousCloseException();
        }

        @Override
        public boolean isOpen() {
          return !closed.isDone();
        }

        @Override
        public void close() throws IOException {
          closed.complete(null);
          bytes.close();
        }
      };
    }
  }

  private static Status failureOfComplete(ObjectStoreFixture node, OpenUploadResponse opened) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> complete(node, opened))
        .getStatus();
  }

  private static byte[] downloaded(ObjectStoreFixture node) {
    return ReceivedDownload.of(node.service.channel(), "k", 0, 0).bytes();
  }

  private static List<String> leftovers(ObjectStoreFixture node) throws IOException {
    try (Stream<BlobParts.Upload> uploads = node.store.parts().listUploads()) {
      return uploads.map(BlobParts.Upload::uploadId).toList();
    }
  }

  private static List<String> blobs(ObjectStoreFixture node) throws IOException {
    try (Stream<BlobStat> all = node.store.list()) {
      return all.map(BlobStat::location).toList();
    }
  }

  private static void assertNothing(ObjectStoreFixture node) throws IOException {
    assertNothingButUploads(node);
  }

  private static void assertNothingButTheUpload(ObjectStoreFixture node, OpenUploadResponse opened)
      throws IOException {
    assertNothingButUploads(node, opened.getUpload().getId());
  }

  private static void assertNothingButUploads(ObjectStoreFixture node, String... ids)
      throws IOException {
    assertThat(node.service.registry.everything()).as("assets").isEmpty();
    assertThat(leftovers(node)).as("uploads with bytes").containsExactly(ids);
    assertThat(blobs(node)).as("blobs").isEmpty();
  }

  /** As a client without any library of ours does it. */
  private static int send(SignedRequest signed, byte[] body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(signed.getUrl()))
            .timeout(Duration.ofSeconds(20))
            .method(signed.getMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
    signed
        .getHeadersMap()
        .forEach(
            (name, value) -> {
              if (!name.equalsIgnoreCase("content-length")) { // this client sends it by itself
                request.header(name, value);
              }
            });
    try {
      return HttpClient.newHttpClient()
          .send(request.build(), HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError("the store gave no answer", e);
    }
  }

  /** Quicker than the node: it brings other bytes while the first ones are made an asset. */
  private final class ReplacingClient implements AutoCloseable {
    private final CompletableFuture<SignedRequest> request = new CompletableFuture<>();
    final ObjectStoreFixture node;
    final OpenUploadResponse opened;

    /**
     * @param early before the node has taken the bytes, or else before it publishes them
     */
    ReplacingClient(boolean early) throws IOException {
      node =
          new ObjectStoreFixture(
              directory,
              S3Checksums.WHEN_REQUIRED,
              direct ->
                  new WatchedUploads(
                      direct, early ? this::replace : () -> {}, bytes -> bytes, this::replace));
      opened = open(node);
      assertThat(request.complete(opened.getRequest())).isTrue();
      assertThat(send(opened.getRequest(), content)).isEqualTo(200);
    }

    private void replace() {
      assertThat(send(request.join(), other)).isEqualTo(200);
    }

    @Override
    public void close() {
      node.close();
    }
  }
}
