package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse.OrphanBlob;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ReserveBlob;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepingTest {
  private static final SweepOrphansRequest SWEEP = SweepOrphansRequest.getDefaultInstance();
  private static final SweepOrphansRequest DRY_RUN =
      SweepOrphansRequest.newBuilder().setDryRun(true).build();

  @TempDir Path directory;
  private ServiceFixture service;

  @SuppressWarnings("NullAway.Init") // set when the service opens it
  private DamagedStore store;

  @BeforeEach
  void start() {
    start(options -> options);
  }

  private void start(UnaryOperator<GarbageOptions> garbage) {
    service =
        ServiceFixture.with(
            directory,
            options -> CollectingTest.withGarbage(options, garbage),
            real -> store = new DamagedStore(real));
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void anOldBlobWithoutARecordIsDeletedAndADryRunSaysSoBefore() {
    Asset kept = service.upload(kernel("kept").setId("kept"), bytes(10, 1));
    age(kept.getLocation());
    String orphan = plant(2, "", Duration.ofDays(2));
    String second = plant(2, ".2", Duration.ofDays(2));
    String young = plant(3, "", Duration.ofHours(23));

    SweepOrphansResponse dry = sweep(DRY_RUN);
    assertThat(dry.getOrphanBlobsList())
        .extracting(OrphanBlob::getLocation)
        .containsExactlyInAnyOrder(orphan, second);
    assertThat(service.filesInStore()).as("after a dry run").hasSize(4);
    assertThat(service.registry.countApplied(Command.KindCase.CONDEMN_BLOBS)).isZero();

    SweepOrphansResponse real = sweep(SWEEP);
    assertThat(real.getOrphanBlobsList())
        .containsExactlyInAnyOrderElementsOf(dry.getOrphanBlobsList());
    assertThat(real.getOrphanBlobCount()).isEqualTo(2);
    assertThat(real.getOrphanBytes()).isEqualTo(2 * 100);
    await()
        .untilAsserted(
            () ->
                assertThat(service.filesInStore())
                    .containsExactlyInAnyOrder(kept.getLocation(), young));
    assertThat(service.registry.everything()).containsExactly(kept);
    assertThat(service.module.garbageCounters().sweeps()).isEqualTo(1);
    assertThat(sweep(SWEEP)).isEqualTo(SweepOrphansResponse.getDefaultInstance());
  }

  @Test
  void theCallerMaySayHowOldABlobHasToBe() {
    upload(1);
    String orphan = plant(2, "", Duration.ofHours(2));

    assertThat(sweep(age(3600 * 3)).getOrphanBlobsList()).isEmpty();
    assertThat(sweep(age(3600)).getOrphanBlobsList())
        .extracting(OrphanBlob::getLocation)
        .containsExactly(orphan);
  }

  @Test
  void filesThatAreNotUnderTheirDigestAreNobodysBusiness() {
    service.plant("images/debian.ext4", bytes(10, 1));
    age("images/debian.ext4");

    assertThat(sweep(SWEEP)).isEqualTo(SweepOrphansResponse.getDefaultInstance());
    assertThat(service.filesInStore()).hasSize(1);
  }

  @Test
  void bytesThatARunningUploadWasPromisedStay() {
    String blob = plant(2, "", Duration.ofDays(2));
    var unused =
        service
            .registry
            .propose(
                Command.newBuilder()
                    .setReserveBlob(
                        ReserveBlob.newBuilder()
                            .setBackend(AssetServiceOptions.defaults().backend())
                            .setChecksum(sha256(bytes(100, 2)))
                            .setSizeBytes(100)
                            .setTtlMillis(60_000))
                    .build(),
                Deadline.after(5, TimeUnit.SECONDS))
            .join();

    assertThat(sweep(SWEEP).getOrphanBlobsList()).isEmpty();
    assertThat(service.filesInStore()).containsExactly(blob);
  }

  @Test
  void whatIsRegisteredBetweenTheLookAndTheSentenceStays() {
    String blob = plant(2, "", Duration.ofDays(2));
    store.afterListing(() -> register("late", blob));

    SweepOrphansResponse response = sweep(SWEEP);

    assertThat(service.registry.everything()).extracting(Asset::getId).containsExactly("late");
    assertThat(response.getOrphanBlobCount()).isZero();
    assertThat(service.filesInStore()).containsExactly(blob);
  }

  @Test
  void anAssetWithoutItsBlobBecomesAnErrorUntilTheBlobIsBack() throws IOException {
    Asset lost = service.upload(kernel("lost").setId("lost"), bytes(10, 1));
    Asset cut = service.upload(kernel("cut").setId("cut"), bytes(10, 2));
    service.upload(kernel("whole").setId("whole"), bytes(10, 3));
    Files.delete(service.blobDirectory.resolve(lost.getLocation()));
    service.plant(cut.getLocation(), bytes(9, 2));

    SweepOrphansResponse dry = sweep(DRY_RUN);
    assertThat(dry.getAssetsWithoutBlobList()).containsExactlyInAnyOrder("lost", "cut");
    assertThat(statuses("lost", "cut")).containsOnly(AssetStatus.ASSET_STATUS_AVAILABLE);

    assertThat(sweep(SWEEP)).isEqualTo(dry);
    assertThat(statuses("lost", "cut")).containsOnly(AssetStatus.ASSET_STATUS_ERROR);
    assertThat(statuses("whole")).containsExactly(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(sweep(SWEEP).getAssetWithoutBlobCount()).as("still missing").isEqualTo(2);

    service.plant(lost.getLocation(), bytes(10, 1));
    SweepOrphansResponse healed = sweep(SWEEP);
    assertThat(healed.getAssetsFoundAgainList()).containsExactly("lost");
    assertThat(healed.getAssetsWithoutBlobList()).containsExactly("cut");
    assertThat(statuses("lost")).containsExactly(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void aStoreThatIsAwayIsNotAnEmptyOne() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    store.setAway(true);

    for (SweepOrphansRequest request : List.of(DRY_RUN, SWEEP)) {
      StatusRuntimeException failure = failure(request);
      assertThat(failure.getStatus().getCode())
          .as("%s", failure)
          .isEqualTo(Status.Code.UNAVAILABLE);
    }
    assertThat(statuses("k")).containsExactly(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(service.registry.countApplied(Command.KindCase.NOTE_BLOBS)).isZero();
  }

  @Test
  void whenMostAssetsMissTheirBlobTheStoreIsSuspectedAndNothingIsTouched() throws IOException {
    List<Asset> assets = upload(20);
    for (Asset asset : assets.subList(0, 11)) {
      Files.delete(service.blobDirectory.resolve(asset.getLocation()));
    }
    String orphan = plant(99, "", Duration.ofDays(2));

    StatusRuntimeException failure = failure(SWEEP);

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(failure).hasMessageContaining("11 of 20 assets");
    assertThat(service.registry.everything())
        .extracting(Asset::getStatus)
        .containsOnly(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(service.filesInStore()).contains(orphan);

    service.plant(assets.get(0).getLocation(), bytes(10, 0));
    assertThat(sweep(SWEEP).getAssetWithoutBlobCount()).as("half of them").isEqualTo(10);
  }

  @Test
  void theScheduleLeavesAStoreAloneThatIsMostlyUnknownAndACallDoesNot() {
    service.close();
    start(
        options ->
            new GarbageOptions(
                true,
                options.interval(),
                options.maxAge(),
                options.rateLimit(),
                Duration.ofMillis(200),
                options.orphanAge()));
    upload(3);
    service.module.leadershipListener().onLeadershipLost();
    for (int i = 0; i < 11; i++) {
      plant(100 + i, "", Duration.ofDays(2));
    }
    service.lead(2);
    long sweeps = service.module.garbageCounters().sweeps();

    await().until(() -> service.module.garbageCounters().sweeps() > sweeps + 2);
    assertThat(service.filesInStore()).hasSize(14);

    await().until(() -> sweepOrNull() != null);
    await().untilAsserted(() -> assertThat(service.filesInStore()).hasSize(3));
  }

  @Test
  void withoutAnyAssetBlobsAreThoseOfAnotherClusterUnlessSomebodySaysTheyAreNot() {
    String orphan = plant(2, "", Duration.ofDays(2));

    StatusRuntimeException failure = failure(SWEEP);

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(failure).hasMessageContaining("1 blobs").hasMessageContaining("no asset");
    assertThat(service.module.garbageCounters().sweepsRefused()).isOne();
    assertThat(sweep(DRY_RUN).getOrphanBlobCount()).as("a dry run tells").isOne();
    assertThat(service.filesInStore()).containsExactly(orphan);
    assertThat(service.registry.countApplied(Command.KindCase.CONDEMN_BLOBS)).isZero();

    SweepOrphansRequest allowed = SWEEP.toBuilder().setAllowEmptyRegistry(true).build();
    assertThat(sweep(allowed).getOrphanBlobCount()).isOne();
    await().untilAsserted(() -> assertThat(service.filesInStore()).isEmpty());
  }

  @Test
  void theScheduleOfANewClusterLeavesTheBlobsOfAnotherAlone() {
    service.close();
    String orphan = plant(2, "", Duration.ofDays(2));
    start(
        options ->
            new GarbageOptions(
                true,
                options.interval(),
                options.maxAge(),
                options.rateLimit(),
                Duration.ofMillis(200),
                options.orphanAge()));

    await().until(() -> service.module.garbageCounters().sweepsRefused() > 2);
    assertThat(service.filesInStore()).containsExactly(orphan);

    upload(1);
    await().untilAsserted(() -> assertThat(service.filesInStore()).hasSize(1));
  }

  private @Nullable SweepOrphansResponse sweepOrNull() {
    try {
      return sweep(SWEEP);
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode())
          .as("only because the schedule's runs: %s", e)
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      return null;
    }
  }

  @Test
  void theLeaderSweepsByItself() {
    service.close();
    start(
        options ->
            new GarbageOptions(
                true,
                options.interval(),
                options.maxAge(),
                options.rateLimit(),
                Duration.ofMillis(200),
                options.orphanAge()));
    upload(3);
    plant(99, "", Duration.ofDays(2));

    await().untilAsserted(() -> assertThat(service.filesInStore()).hasSize(3));
  }

  @Test
  void whatUploadsLeftOnTheirWayADayAgoIsDeleted() {
    String old = ".staging/staged-gone-00000000-0000-0000-0000-000000000001";
    String young = ".staging/staged-n2-00000000-0000-0000-0000-000000000002";
    service.plant(old, bytes(10, 1));
    age(old);
    service.plant(young, bytes(10, 1));

    sweep(DRY_RUN);
    assertThat(service.filesInStore()).hasSize(2);
    sweep(SWEEP);
    assertThat(service.filesInStore()).containsExactly(young);
  }

  @Test
  void aNodeThatDoesNotLeadDoesNotSweep() {
    upload(1);
    plant(2, "", Duration.ofDays(2));
    service.module.leadershipListener().onLeadershipLost();
    assertThat(failure(SWEEP).getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);

    service.module.leadershipListener().onLeaderReady(1);
    service.registry.beginTerm(2); // deposed, and does not know it
    assertThat(failure(SWEEP).getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(service.filesInStore()).hasSize(2);
  }

  @Test
  void aBadAgeIsRefused() {
    assertThat(ServiceFixture.fields(failure(age(-1)))).containsExactly("min_age_seconds");
  }

  private static SweepOrphansRequest age(long seconds) {
    return SweepOrphansRequest.newBuilder().setMinAgeSeconds(seconds).build();
  }

  private SweepOrphansResponse sweep(SweepOrphansRequest request) {
    return GarbageServiceGrpc.newBlockingStub(service.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .sweepOrphans(request);
  }

  private StatusRuntimeException failure(SweepOrphansRequest request) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> sweep(request));
  }

  /** Puts 100 bytes under their digest, behind the service's back. */
  private String plant(int seed, String number, Duration age) {
    byte[] bytes = bytes(100, seed);
    String hex = sha256(bytes);
    String location = hex.substring(0, 2) + "/" + hex + number;
    service.plant(location, bytes);
    age(location, age);
    return location;
  }

  private void age(String location) {
    age(location, Duration.ofDays(2));
  }

  private void age(String location, Duration age) {
    try {
      Instant now = service.blobs.storeTime();
      Files.setLastModifiedTime(
          service.blobDirectory.resolve(location), FileTime.from(now.minus(age)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Asset> upload(int count) {
    List<Asset> assets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      assets.add(service.upload(kernel("k" + i).setId("k" + i), bytes(10, i)));
    }
    return assets;
  }

  private void register(String id, String location) {
    var unused =
        service
            .stub()
            .registerAsset(
                RegisterAssetRequest.newBuilder()
                    .setId(id)
                    .setName(id)
                    .setType(AssetType.ASSET_TYPE_KERNEL)
                    .setLocation(location)
                    .build());
  }

  private List<AssetStatus> statuses(String... ids) {
    return service.registry.query(
        view -> List.of(ids).stream().map(id -> view.asset(id).orElseThrow().getStatus()).toList());
  }
}
