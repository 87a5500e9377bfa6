package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.ReserveBlob;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Garbage collection as the leader does it: fenced, repeatable, on schedule. */
class CollectingTest {
  private static final GarbageCollectRequest COLLECT =
      GarbageCollectRequest.newBuilder().setDeleteUnreferenced(true).build();

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

  private void restart(UnaryOperator<GarbageOptions> garbage) {
    service.close();
    service =
        ServiceFixture.with(directory, options -> withGarbage(options, garbage), store -> store);
  }

  static AssetServiceOptions withGarbage(
      AssetServiceOptions options, UnaryOperator<GarbageOptions> garbage) {
    return new AssetServiceOptions(
        options.backend(),
        options.maxAssetBytes(),
        options.defaultDeadline(),
        options.uploadIdleTimeout(),
        options.maxUploads(),
        garbage.apply(options.garbage()),
        options.prepare(),
        options.leases());
  }

  @Test
  void theLeaderCollectsByItselfWhatACallWouldAndGoesOnDoingSo() {
    restart(
        options ->
            new GarbageOptions(
                true,
                Duration.ofMillis(200),
                options.maxAge(),
                options.rateLimit(),
                options.sweepInterval(),
                options.orphanAge()));
    service.upload(kernel("old").setId("old"), bytes(10, 1));
    service.upload(kernel("leased").setId("leased"), bytes(10, 2));
    service.upload(kernel("expired").setId("expired"), bytes(10, 3));
    acquire("leased", 0);
    acquire("expired", 60);
    service.registry.pass(Duration.ofDays(8));
    service.upload(kernel("young").setId("young"), bytes(10, 4));

    await().untilAsserted(() -> assertThat(ids()).containsExactlyInAnyOrder("leased", "young"));
    assertThat(service.filesInStore()).hasSize(2);
    service.registry.pass(Duration.ofDays(8));
    await().untilAsserted(() -> assertThat(ids()).containsExactly("leased"));
    assertThat(service.module.garbageCounters().assetsMarked()).isEqualTo(3);
    assertThat(service.module.garbageCounters().bytesFreed()).isEqualTo(30);
    assertThat(service.module.garbageCounters().collections()).isPositive();
  }

  @Test
  void aNodeThatDoesNotLeadCollectsNothingByItself() {
    restart(
        options ->
            new GarbageOptions(
                true,
                Duration.ofMillis(100),
                options.maxAge(),
                options.rateLimit(),
                options.sweepInterval(),
                options.orphanAge()));
    service.upload(kernel("old").setId("old"), bytes(10, 1));
    service.module.leadershipListener().onLeadershipLost();
    service.registry.pass(Duration.ofDays(8));
    service.upload(kernel("young").setId("young"), bytes(10, 4));

    await().during(Duration.ofMillis(500)).until(() -> ids().size() == 2);
    service.lead(2);
    await().untilAsserted(() -> assertThat(ids()).containsExactly("young"));
  }

  @Test
  void aCallToANodeThatDoesNotLeadIsUnavailableAndChangesNothing() {
    old("a");
    service.module.leadershipListener().onLeadershipLost();

    assertUnchanged(failure(COLLECT));
    assertUnchanged(failure(COLLECT.toBuilder().setDryRun(true).build()));
  }

  @Test
  void aDeposedLeaderThatDoesNotKnowItMarksNothing() {
    old("a");
    service.registry.beginTerm(2);

    assertUnchanged(failure(COLLECT));
  }

  private void assertUnchanged(StatusRuntimeException failure) {
    assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(Objects.requireNonNull(failure.getTrailers()).get(ApiErrors.OUTCOME))
        .isEqualTo("unchanged");
    assertThat(service.registry.everything())
        .extracting(Asset::getStatus)
        .containsExactly(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void aRepeatedCallWithItsKeyIsToldTheSameAndCollectsNoMore() {
    restart(
        options ->
            new GarbageOptions(
                false,
                options.interval(),
                options.maxAge(),
                20, // so that it takes several batches
                options.sweepInterval(),
                options.orphanAge()));
    IntStream.range(0, 45).forEach(i -> register("first-" + i, "one/" + i, 0));
    service.registry.pass(Duration.ofDays(8));

    GarbageCollectResponse first = collectWithKey();
    assertThat(first.getDeletedAssetsList()).hasSize(45);
    assertThat(first.getBytesFreed()).isEqualTo(45 * 7);
    IntStream.range(0, 5).forEach(i -> register("more-" + i, "more/" + i, 0, 1_600_000_000));
    service.registry.pass(Duration.ofMinutes(59));
    GarbageCollectResponse second = collectWithKey();

    assertThat(second).isEqualTo(first);
    await()
        .untilAsserted(() -> assertThat(ids()).allMatch(id -> id.startsWith("more-")).hasSize(5));
    assertThat(service.stub().garbageCollect(COLLECT).getDeletedAssetsList()).hasSize(5);
  }

  private GarbageCollectResponse collectWithKey() {
    return service.stubWithHeader("idempotency-key", "nightly-1").garbageCollect(COLLECT);
  }

  @Test
  void marksAreNoFasterThanAllowed() {
    restart(
        options ->
            new GarbageOptions(
                false,
                options.interval(),
                options.maxAge(),
                20,
                options.sweepInterval(),
                options.orphanAge()));
    IntStream.range(0, 60).forEach(i -> register("k-" + i, "k/" + i, 0));
    service.registry.pass(Duration.ofDays(8));
    long start = System.nanoTime();

    assertThat(service.stub().garbageCollect(COLLECT).getDeletedAssetsList()).hasSize(60);

    // What one second allows may have been saved up before.
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(900));
  }

  @Test
  void aDryRunStopsWhereTheResponseIsFullAsARealRunDoes() {
    IntStream.range(0, 70).forEach(i -> register("big-%02d".formatted(i), "big/" + i, 60));
    service.registry.pass(Duration.ofDays(8));

    GarbageCollectResponse dry =
        service.stub().garbageCollect(COLLECT.toBuilder().setDryRun(true).build());
    GarbageCollectResponse real = service.stub().garbageCollect(COLLECT);

    assertThat(dry.getDeletedAssetsCount()).isBetween(40, 69);
    assertThat(dry.getSerializedSize()).isLessThan(4 << 20);
    assertThat(real.getDeletedAssetsList())
        .extracting(Asset::getId)
        .containsExactlyElementsOf(dry.getDeletedAssetsList().stream().map(Asset::getId).toList());
    assertThat(real.getBytesFreed()).isEqualTo(dry.getBytesFreed());
    assertThat(service.stub().garbageCollect(COLLECT).getDeletedAssetsCount())
        .as("left for the next call")
        .isEqualTo(70 - dry.getDeletedAssetsCount());
  }

  @Test
  void aBlobThatARunningUploadWasPromisedIsNotCountedAsFreed() {
    Asset asset = old("a");
    propose(
        Command.newBuilder()
            .setReserveBlob(
                ReserveBlob.newBuilder()
                    .setBackend(asset.getBackend())
                    .setChecksum(asset.getChecksum())
                    .setSizeBytes(asset.getSizeBytes())
                    .setTtlMillis(60_000)));

    for (boolean dryRun : new boolean[] {true, false}) {
      GarbageCollectResponse response =
          service.stub().garbageCollect(COLLECT.toBuilder().setDryRun(dryRun).build());
      assertThat(response.getDeletedAssetsList()).hasSize(1);
      assertThat(response.getBytesFreed()).as("dry run %s", dryRun).isZero();
    }
    await().untilAsserted(() -> assertThat(ids()).isEmpty());
    assertThat(service.filesInStore()).containsExactly(asset.getLocation());
  }

  @Test
  void neitherListsNorCollectionsCountAsUse() {
    old("a");
    Asset before = service.registry.everything().get(0);

    service.stub().listAssets(ListAssetsRequest.getDefaultInstance());
    service.stub().garbageCollect(COLLECT.toBuilder().setDryRun(true).build());
    service
        .stub()
        .garbageCollect(
            COLLECT.toBuilder().setMaxAgeSeconds(Duration.ofDays(30).toSeconds()).build());
    service.module.access().flush();

    assertThat(service.registry.everything()).containsExactly(before);
    assertThat(service.registry.countApplied(Command.KindCase.TOUCH_ASSETS)).isZero();
    assertThat(service.stub().garbageCollect(COLLECT).getDeletedAssetsList()).hasSize(1);
  }

  private Asset old(String id) {
    Asset asset = service.upload(kernel(id).setId(id), bytes(10, 1));
    service.registry.pass(Duration.ofDays(8));
    return asset;
  }

  /** A record of 7 bytes that nobody ever stored, with labels of 1 KB each. */
  private void register(String id, String location, int labels) {
    register(id, location, labels, 0);
  }

  private void register(String id, String location, int labels, long lastAccessedAt) {
    Asset.Builder asset =
        Asset.newBuilder()
            .setId(id)
            .setName(id)
            .setType(AssetType.ASSET_TYPE_KERNEL)
            .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
            .setLocation(location)
            .setSizeBytes(7)
            .setLastAccessedAt(lastAccessedAt);
    IntStream.range(0, labels).forEach(i -> asset.putLabels("label" + i, "x".repeat(1000)));
    propose(Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset)));
  }

  private void propose(Command.Builder command) {
    assertThat(
            service
                .registry
                .propose(command.build(), Deadline.after(5, TimeUnit.SECONDS))
                .join()
                .outcome()
                .hasRejection())
        .isFalse();
  }

  private void acquire(String id, long ttlSeconds) {
    var unused =
        service
            .stub()
            .acquireAsset(
                AcquireAssetRequest.newBuilder()
                    .setAssetId(id)
                    .setAcquiredBy("vm-1")
                    .setTtlSeconds(ttlSeconds)
                    .build());
  }

  private List<String> ids() {
    return service.registry.everything().stream().map(Asset::getId).toList();
  }

  private StatusRuntimeException failure(GarbageCollectRequest request) {
    return catchThrowableOfType(
        StatusRuntimeException.class, () -> service.stub().garbageCollect(request));
  }
}
