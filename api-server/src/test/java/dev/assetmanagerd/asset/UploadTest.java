package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.chunk;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.header;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.messages;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.storage.blob.BlobStore;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UploadTest {
  private static final int MAX_BYTES = 1 << 20;

  @TempDir Path directory;
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
  void storesTheBytesUnderTheirDigestAndRecordsThem() throws Exception {
    byte[] bytes = bytes(123_456, 1);
    Asset asset =
        service.upload(
            kernel("vmlinux-6.1").putLabels("arch", "x86_64").setCreatedBy("ci").setBuildId("b-1"),
            bytes);

    String digest = sha256(bytes);
    String location = digest.substring(0, 2) + "/" + digest;
    assertThat(asset.getName()).isEqualTo("vmlinux-6.1");
    assertThat(asset.getType()).isEqualTo(AssetType.ASSET_TYPE_KERNEL);
    assertThat(asset.getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(asset.getBackend()).isEqualTo(StorageBackend.STORAGE_BACKEND_LOCAL);
    assertThat(asset.getLocation()).isEqualTo(location);
    assertThat(asset.getChecksum()).isEqualTo(digest);
    assertThat(asset.getSizeBytes()).isEqualTo(bytes.length);
    assertThat(asset.getLabelsMap()).containsEntry("arch", "x86_64");
    assertThat(asset.getCreatedBy()).isEqualTo("ci");
    assertThat(asset.getBuildId()).isEqualTo("b-1");
    assertThat(asset.getId()).isNotEmpty();
    assertThat(service.filesInStore()).containsExactly(location);
    assertThat(Files.readAllBytes(service.blobDirectory.resolve(location))).isEqualTo(bytes);
    assertThat(service.registry.everything()).containsExactly(asset);
  }

  @Test
  void twoAssetsOfTheSameBytesShareOneBlob() {
    Asset first = service.upload(kernel("one").setId("one"), bytes(5000, 2));
    Asset second = service.upload(kernel("two").setId("two"), bytes(5000, 2));

    assertThat(second.getLocation()).isEqualTo(first.getLocation());
    assertThat(service.filesInStore()).containsExactly(first.getLocation());
    assertThat(service.registry.everything()).hasSize(2);
  }

  @Test
  void repeatingAnUploadWithItsIdReturnsTheAssetThatIsThere() {
    Asset first = service.upload(kernel("one").setId("same"), bytes(5000, 2));
    service.registry.pass(Duration.ofHours(1));

    assertThat(service.upload(kernel("one").setId("same"), bytes(5000, 2))).isEqualTo(first);
  }

  @Test
  void anIdOfOtherContentIsRefusedBeforeAnythingIsPublished() {
    Asset first = service.upload(kernel("one").setId("taken"), bytes(5000, 2));

    StatusRuntimeException failure =
        failureOf(messages(kernel("one").setId("taken").build(), bytes(5000, 3)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(failure).hasMessageContaining("id:").hasMessageContaining("taken");
    assertThat(service.filesInStore()).containsExactly(first.getLocation());
    assertThat(service.registry.everything()).containsExactly(first);
  }

  @Test
  void anAnnouncedChecksumThatFitsIsAccepted() {
    byte[] bytes = bytes(3000, 4);
    UploadAssetResponse response =
        service.send(
            header("assetmanager-checksum", "sha256:" + sha256(bytes).toUpperCase(Locale.ROOT)),
            messages(kernel("k").setSizeBytes(3000).build(), bytes));

    assertThat(response.getAsset().getChecksum()).isEqualTo(sha256(bytes));
  }

  @Test
  void aWrongAnnouncedChecksumIsRefusedAndLeavesNothing() {
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                service.send(
                    header("assetmanager-checksum", sha256(bytes(1, 1))),
                    messages(kernel("k").build(), bytes(3000, 4))));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("header Assetmanager-Checksum");
    service.assertNothingLeft();
  }

  record Bad(String what, String field, List<UploadAssetRequest> messages) {
    Bad(String what, String field, UploadAssetRequest... messages) {
      this(what, field, List.of(messages));
    }

    @Override
    public String toString() {
      return what;
    }
  }

  static Stream<Bad> badStreams() {
    UploadAssetMetadata good = kernel("k").build();
    byte[] bytes = bytes(3000, 5);
    UploadAssetRequest metadata = UploadAssetRequest.newBuilder().setMetadata(good).build();
    return Stream.of(
        new Bad("an empty stream", "metadata"),
        new Bad("a chunk before the metadata", "metadata", chunk(bytes), metadata),
        new Bad("metadata twice", "metadata", metadata, chunk(bytes), metadata),
        new Bad("a message with neither", "data", UploadAssetRequest.getDefaultInstance()),
        bad("no name", "name", kernel("")),
        bad("a name with a parent segment", "name", kernel("../k")),
        bad("a long name", "name", kernel("n".repeat(257))),
        bad("a name with a control character", "name", kernel("a\u0000b")),
        bad("no type", "type", kernel("k").clearType()),
        bad("an unknown type", "type", kernel("k").setTypeValue(99)),
        bad("a negative size", "size_bytes", kernel("k").setSizeBytes(-1)),
        bad("an oversize announced", "size_bytes", kernel("k").setSizeBytes(MAX_BYTES + 1)),
        bad("a short upload", "size_bytes", kernel("k").setSizeBytes(3001)),
        bad("a long upload", "size_bytes", kernel("k").setSizeBytes(2999)),
        new Bad("an oversize upload", "size_bytes", messages(good, bytes(MAX_BYTES + 1, 6))),
        bad("an id with a parent segment", "id", kernel("k").setId("../../etc/passwd")),
        bad("an id with two dots", "id", kernel("k").setId("a..b")),
        bad("a long id", "id", kernel("k").setId("i".repeat(129))),
        bad("a long label key", "labels (key)", kernel("k").putLabels("k".repeat(129), "")),
        bad("an empty label key", "labels (key)", kernel("k").putLabels("", "v")),
        bad("a long label", "labels[\"key\"]", kernel("k").putLabels("key", "v".repeat(1025))),
        bad("a label leading up", "labels[\"key\"]", kernel("k").putLabels("key", "a/../b")),
        bad("too many labels", "labels", kernel("k").putAllLabels(manyLabels())),
        bad("a long creator", "created_by", kernel("k").setCreatedBy("c".repeat(257))),
        bad("a long build id", "build_id", kernel("k").setBuildId("b".repeat(257))),
        bad("a long image", "source_image", kernel("k").setSourceImage("s".repeat(1025))));
  }

  private static Bad bad(String what, String field, UploadAssetMetadata.Builder metadata) {
    return new Bad(what, field, messages(metadata.build(), bytes(3000, 5)));
  }

  private static Map<String, String> manyLabels() {
    Map<String, String> labels = new HashMap<>();
    for (int i = 0; i < 65; i++) {
      labels.put("label" + i, "");
    }
    return labels;
  }

  @ParameterizedTest
  @MethodSource("badStreams")
  void refusesNamingTheFieldAndLeavesNothing(Bad bad) {
    StatusRuntimeException failure = failureOf(bad.messages().toArray(UploadAssetRequest[]::new));

    assertThat(failure.getStatus().getCode())
        .as("%s", failure)
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly(bad.field());
    assertThat(failure).hasMessageContaining(bad.field() + ":");
    service.assertNothingLeft();
    assertThat(service.module.runningUploads()).isZero();
  }

  @Test
  void aSizeThatDiffersIsToldWithBothNumbers() {
    StatusRuntimeException failure =
        failureOf(messages(kernel("k").setSizeBytes(3001).build(), bytes(3000, 5)));

    assertThat(failure).hasMessageContaining("3001").hasMessageContaining("3000");
  }

  @Test
  void anUploadThatIsCancelledLeavesNothing() {
    StreamObserver<UploadAssetRequest> stream = openWithSomeBytes();
    assertThat(service.filesInStore()).singleElement().asString().startsWith(".staging/");

    ((ClientCallStreamObserver<UploadAssetRequest>) stream).cancel("changed my mind", null);

    await().untilAsserted(service::assertNothingLeft);
    await().until(() -> service.module.runningUploads() == 0);
  }

  @Test
  void anUploadWhoseClientGoesSilentIsEnded() {
    restart(
        options ->
            new AssetServiceOptions(
                options.backend(),
                options.maxAssetBytes(),
                options.defaultDeadline(),
                Duration.ofMillis(300),
                options.maxUploads(),
                options.garbage(),
                options.prepare(),
                options.leases()));
    CompletableFuture<UploadAssetResponse> response = new CompletableFuture<>();
    service.open(new Metadata(), response).onNext(messages(kernel("k").build(), new byte[0])[0]);

    await().until(response::isCompletedExceptionally);
    assertThat(response)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withMessageContaining("DEADLINE_EXCEEDED")
        .withMessageContaining("sent nothing");
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void moreUploadsThanAllowedAtATimeAreRefused() {
    restart(
        options ->
            new AssetServiceOptions(
                options.backend(),
                options.maxAssetBytes(),
                options.defaultDeadline(),
                options.uploadIdleTimeout(),
                1,
                options.garbage(),
                options.prepare(),
                options.leases()));
    StreamObserver<UploadAssetRequest> running = openWithSomeBytes();

    StatusRuntimeException failure = failureOf(messages(kernel("k").build(), bytes(10, 1)));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);

    running.onCompleted();
    await().until(() -> service.module.runningUploads() == 0);
    assertThat(service.upload(kernel("k"), bytes(10, 1)).getSizeBytes()).isEqualTo(10);
  }

  @Test
  void aClusterWithoutALeaderMakesTheUploadFailAndTheSpoolGo() {
    service.registry.failWith(
        new ClusterUnavailableException(
            ClusterUnavailableException.Reason.NO_LEADER, true, "no leader"));

    StatusRuntimeException failure = failureOf(messages(kernel("k").build(), bytes(10, 1)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure).hasMessageContaining("outcome is unknown");
    assertThat(failure.getTrailers().get(ApiErrors.OUTCOME)).isEqualTo("unknown");
    assertThat(service.filesInStore()).noneMatch(file -> file.startsWith(".staging"));
  }

  @Test
  void bytesThatAnotherAssetsDeletionTakesAreStoredAnewUnderANameItDoesNotKnow() {
    byte[] bytes = bytes(4000, 7);
    Asset old = service.upload(kernel("old").setId("old"), bytes);
    service.module.leadershipListener().onLeadershipLost(); // the deletion stays half done
    assertThat(service.stub().deleteAsset(delete("old")).getDeleted()).isTrue();

    Asset upload = service.upload(kernel("new").setId("new"), bytes);
    assertThat(upload.getLocation()).isEqualTo(old.getLocation() + ".2");
    assertThat(service.filesInStore()).containsExactly(old.getLocation(), upload.getLocation());

    service.lead(2);
    await().until(() -> service.filesInStore().size() == 1);
    assertThat(service.filesInStore()).containsExactly(upload.getLocation());
    await().until(() -> service.registry.everything().equals(List.of(upload)));

    Asset third = service.upload(kernel("third"), bytes);
    assertThat(third.getLocation()).as("shared with the new one").isEqualTo(upload.getLocation());
  }

  @Test
  void theIdOfAnAssetThatIsBeingDeletedIsFreeWhenItIsGone() {
    byte[] bytes = bytes(4000, 7);
    service.upload(kernel("k").setId("k"), bytes);
    service.module.leadershipListener().onLeadershipLost(); // the deletion stays half done
    assertThat(service.stub().deleteAsset(delete("k")).getDeleted()).isTrue();

    CompletableFuture<Asset> upload =
        CompletableFuture.supplyAsync(() -> service.upload(kernel("k").setId("k"), bytes));
    await().until(() -> service.registry.countApplied(Command.KindCase.REGISTER_ASSET) >= 3);
    assertThat(upload).as("an upload beside an unfinished deletion").isNotDone();
    service.lead(2);

    assertThat(upload).succeedsWithin(Duration.ofSeconds(10));
    Asset asset = upload.join();
    await()
        .untilAsserted(
            () -> assertThat(service.filesInStore()).containsExactly(asset.getLocation()));
    assertThat(service.registry.everything()).containsExactly(asset);
  }

  @Test
  void bytesThatTheStoreHasLostAreStoredAgain() {
    Asset first = service.upload(kernel("first"), bytes(4000, 9));
    service.plant(first.getLocation(), bytes(3999, 9)); // cut short behind everybody's back

    Asset second = service.upload(kernel("second"), bytes(4000, 9));

    assertThat(second.getLocation()).isEqualTo(first.getLocation());
    assertThat(service.blobDirectory.resolve(first.getLocation())).hasBinaryContent(bytes(4000, 9));
  }

  @Test
  void aReservationThatRunsOutWhileTheBytesAreStoredIsNoHarm() {
    AtomicInteger puts = new AtomicInteger();
    restartWith(
        store -> {
          DamagedStore slow = new DamagedStore(store);
          slow.beforePut(
              () -> {
                if (puts.getAndIncrement() == 0) {
                  service.registry.pass(Duration.ofHours(1));
                }
              });
          return slow;
        });

    Asset asset = service.upload(kernel("k"), bytes(4000, 9));

    assertThat(service.filesInStore()).containsExactly(asset.getLocation());
    assertThat(service.registry.countApplied(Command.KindCase.RESERVE_BLOB))
        .as("reservations")
        .isEqualTo(2);
    assertThat(service.registry.everything()).containsExactly(asset);
  }

  @Test
  void bytesThatAnUploadWasPromisedStayWhenTheLastAssetOfThemGoes() {
    byte[] bytes = bytes(4000, 9);
    AtomicBoolean armed = new AtomicBoolean();
    FailPoints between =
        point -> {
          if (point == FailPoint.UPLOAD_AFTER_PUT && armed.compareAndSet(true, false)) {
            assertThat(service.stub().deleteAsset(delete("old")).getDeleted()).isTrue();
            await().until(() -> service.registry.everything().isEmpty());
          }
        };
    service.close();
    service = ServiceFixture.with(directory, between);
    Asset old = service.upload(kernel("old").setId("old"), bytes);
    armed.set(true);

    Asset asset = service.upload(kernel("new").setId("new"), bytes);

    assertThat(armed).as("not deleted in the middle of the upload").isFalse();
    assertThat(asset.getLocation()).isEqualTo(old.getLocation());
    assertThat(service.blobDirectory.resolve(asset.getLocation())).hasBinaryContent(bytes);
    assertThat(service.registry.everything()).containsExactly(asset);
  }

  private static DeleteAssetRequest delete(String id) {
    return DeleteAssetRequest.newBuilder().setId(id).build();
  }

  private StreamObserver<UploadAssetRequest> openWithSomeBytes() {
    StreamObserver<UploadAssetRequest> stream =
        service.open(new Metadata(), new CompletableFuture<>());
    for (UploadAssetRequest message : messages(kernel("k").build(), bytes(5000, 8))) {
      stream.onNext(message);
    }
    await().until(() -> service.filesInStore().size() == 1);
    return stream;
  }

  private void restart(UnaryOperator<AssetServiceOptions> options) {
    service.close();
    service = ServiceFixture.with(directory, options, store -> store);
  }

  private void restartWith(UnaryOperator<BlobStore> store) {
    service.close();
    service = ServiceFixture.with(directory, options -> options, store);
  }

  private StatusRuntimeException failureOf(UploadAssetRequest... messages) {
    List<UploadAssetRequest> all = List.of(messages);
    return catchThrowableOfType(
        StatusRuntimeException.class,
        () -> service.send(new Metadata(), all.toArray(UploadAssetRequest[]::new)));
  }
}
