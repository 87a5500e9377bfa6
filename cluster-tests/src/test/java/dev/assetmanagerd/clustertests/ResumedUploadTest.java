package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Sha256Sum;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.DownloadAssetRequest;
import dev.assetmanagerd.transfer.v1.DownloadAssetResponse;
import dev.assetmanagerd.transfer.v1.GetUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc.TransferServiceBlockingStub;
import dev.assetmanagerd.transfer.v1.Upload;
import dev.assetmanagerd.transfer.v1.WriteUploadHeader;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Uploads whose node dies on the way go on at the other nodes, and lose nothing but a part. */
@Tag("cluster")
@Timeout(120)
final class ResumedUploadTest {
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);
  private static final int PART_BYTES = 256 << 10;
  private static final int SIZE_BYTES = 5 * PART_BYTES + 77;

  @RegisterExtension static final Clusters clusters = new Clusters();

  private TestCluster cluster;
  private CrashScene scene;
  private RandomContent content;
  private byte[] bytes;
  private Node first;
  private Node second;
  private Node third;

  @BeforeEach
  void shareOneCluster() throws IOException {
    cluster =
        clusters.shared(
            3,
            options ->
                options
                    .withFailPoints()
                    .with("UPLOAD_PART_SIZE", Integer.toString(PART_BYTES))
                    .with("GC_ENABLED", "false"));
    scene = new CrashScene(cluster);
    content = new RandomContent(CrashScene.newContent().seed(), SIZE_BYTES);
    try (InputStream all = content.open()) {
      bytes = all.readAllBytes();
    }
    first = cluster.awaitLeader();
    List<Node> others = cluster.nodes().stream().filter(node -> node != first).toList();
    second = others.get(0);
    third = others.get(1);
  }

  @AfterEach
  void heal() {
    scene.heal();
  }

  @Test
  void anUploadBegunAtANodeThatDiedGoesOnAtTheNextAndIsCompletedAtTheThird() throws Exception {
    Upload upload = open();
    StreamObserver<WriteUploadRequest> stream = begin(first, upload.getId(), 0, ignored());
    send(stream, 0, 2 * PART_BYTES + 1000);
    await("two parts are safe")
        .atMost(WAIT_MAX)
        .until(() -> get(second, upload.getId()).getOffset() == 2L * PART_BYTES);

    cluster.kill(first);
    cluster.awaitLeader();

    Upload found = get(second, upload.getId());
    assertThat(found.getOffset()).isEqualTo(2L * PART_BYTES);
    finish(found);
  }

  @ParameterizedTest
  @EnumSource(names = {"UPLOAD_AFTER_PART_PUT", "UPLOAD_AFTER_PART_APPEND"})
  void aNodeThatDiesAsItKeepsAPartLosesThatOneAtMost(FailPoint point) throws Exception {
    Upload upload = open();
    cluster.failAt(first, point, FailAction.HALT);
    StreamObserver<WriteUploadRequest> stream = begin(first, upload.getId(), 0, ignored());
    send(stream, 0, PART_BYTES);
    cluster.awaitHalt(first, point);
    cluster.awaitLeader();

    Upload found = get(second, upload.getId());

    assertThat(found.getOffset())
        .isEqualTo(point == FailPoint.UPLOAD_AFTER_PART_APPEND ? PART_BYTES : 0);
    finish(found);
  }

  @Test
  void partsThatANodeLeftAsItDiedAreSweptUp() throws Exception {
    Upload upload = open();
    write(first, upload.getId(), 0);
    cluster.failAt(first, FailPoint.UPLOAD_BEFORE_PARTS_DELETED, FailAction.HALT);
    CompletableFuture<Void> completing =
        CompletableFuture.runAsync(() -> completeAndDie(upload.getId()));
    cluster.awaitHalt(first, FailPoint.UPLOAD_BEFORE_PARTS_DELETED);
    scene.awaitEnd(completing);
    cluster.awaitLeader();

    assertThat(get(second, upload.getId()).getAssetId()).isEqualTo("asset-" + content.seed());
    assertThat(parts()).hasSize(6);
    Files.setLastModifiedTime(
        cluster.blobDirectory().resolve(".uploads").resolve(upload.getId()),
        FileTime.from(Instant.now().minus(2, ChronoUnit.HOURS)));
    scene.heal();
    long ended =
        GarbageServiceGrpc.newBlockingStub(cluster.awaitLeader().channel())
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .sweepOrphans(SweepOrphansRequest.getDefaultInstance())
            .getEndedUploadCount();

    assertThat(ended).isEqualTo(1);
    assertThat(parts()).isEmpty();
    assertThat(complete(third, upload.getId()).getChecksum()).isEqualTo(content.sha256());
    scene.assertSettled();
  }

  /** What is left of it is written at the second node, and completed at the third. */
  private void finish(Upload found) throws Exception {
    assertThat(found.getChecksumSoFar()).isEqualTo(sha256(0, (int) found.getOffset()));
    write(second, found.getId(), (int) found.getOffset());

    Asset asset = complete(third, found.getId());

    assertThat(asset.getChecksum()).isEqualTo(content.sha256());
    Path blob = cluster.blobDirectory().resolve(asset.getLocation());
    assertThat(Sha256Sum.of(blob)).isEqualTo(content.sha256());
    assertThat(parts()).as("parts that are left").isEmpty();
    assertDownloadGoesOnAtAnotherNode(asset);
    scene.assertSettled();
  }

  /** A part of it from one node, the rest from another one. */
  private void assertDownloadGoesOnAtAnotherNode(Asset asset) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    long received = download(second, asset, 0, SIZE_BYTES / 2, digest);
    assertThat(received).isEqualTo(SIZE_BYTES / 2);
    received += download(third, asset, received, 0, digest);
    assertThat(received).isEqualTo(SIZE_BYTES);
    assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(content.sha256());
  }

  private static long download(
      Node node, Asset asset, long offset, long length, MessageDigest digest) {
    DownloadAssetRequest request =
        DownloadAssetRequest.newBuilder()
            .setId(asset.getId())
            .setOffset(offset)
            .setLength(length)
            .build();
    Iterator<DownloadAssetResponse> messages = stub(node).downloadAsset(request);
    assertThat(messages.next().getHeader().getAsset().getChecksum()).isEqualTo(asset.getChecksum());
    long received = 0;
    while (messages.hasNext()) {
      ByteString chunk = messages.next().getChunk();
      digest.update(chunk.asReadOnlyByteBuffer());
      received += chunk.size();
    }
    return received;
  }

  private Upload open() {
    OpenUploadRequest request =
        OpenUploadRequest.newBuilder()
            .setMetadata(
                UploadAssetMetadata.newBuilder()
                    .setId("asset-" + content.seed())
                    .setName("resumed")
                    .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
                    .setSizeBytes(SIZE_BYTES))
            .setChecksum(content.sha256())
            .build();
    return stub(first).openUpload(request).getUpload();
  }

  private static Upload get(Node node, String id) {
    return stub(node).getUpload(GetUploadRequest.newBuilder().setUploadId(id).build()).getUpload();
  }

  private static Asset complete(Node node, String id) {
    return stub(node)
        .completeUpload(CompleteUploadRequest.newBuilder().setUploadId(id).build())
        .getAsset();
  }

  private void completeAndDie(String id) {
    try {
      Asset unused = complete(first, id);
    } catch (StatusRuntimeException e) {
      System.out.println("the call ended with " + e.getMessage());
    }
  }

  /** Everything from an offset on; waits for the answer. */
  private void write(Node node, String id, int offset) throws Exception {
    CompletableFuture<WriteUploadResponse> answer = new CompletableFuture<>();
    StreamObserver<WriteUploadRequest> stream = begin(node, id, offset, answer);
    send(stream, offset, SIZE_BYTES);
    stream.onCompleted();
    assertThat(answer.get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS).getUpload().getOffset())
        .isEqualTo(SIZE_BYTES);
  }

  private static StreamObserver<WriteUploadRequest> begin(
      Node node, String id, long offset, CompletableFuture<WriteUploadResponse> answer) {
    StreamObserver<WriteUploadRequest> stream =
        TransferServiceGrpc.newStub(node.channel()).writeUpload(new Answer(answer));
    stream.onNext(
        WriteUploadRequest.newBuilder()
            .setHeader(WriteUploadHeader.newBuilder().setUploadId(id).setOffset(offset))
            .build());
    return stream;
  }

  private void send(StreamObserver<WriteUploadRequest> stream, int from, int to) {
    for (int at = from; at < to; at += 50_000) {
      ByteString chunk = ByteString.copyFrom(bytes, at, Math.min(50_000, to - at));
      stream.onNext(WriteUploadRequest.newBuilder().setChunk(chunk).build());
    }
  }

  private static CompletableFuture<WriteUploadResponse> ignored() {
    return new CompletableFuture<>();
  }

  private static TransferServiceBlockingStub stub(Node node) {
    return TransferServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  private String sha256(int from, int to) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(bytes, from, to - from);
    return HexFormat.of().formatHex(digest.digest());
  }

  private List<String> parts() {
    return StoreAudit.files(cluster.blobDirectory()).stream()
        .filter(file -> file.startsWith(".uploads/"))
        .toList();
  }

  private record Answer(CompletableFuture<WriteUploadResponse> answer)
      implements StreamObserver<WriteUploadResponse> {
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
  }
}
