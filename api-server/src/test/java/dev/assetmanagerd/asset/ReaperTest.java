package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.RateLimiter;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.registry.BlobRef;
import dev.assetmanagerd.storage.blob.BlobDeleter;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReaperTest {
  @TempDir Path directory;
  private final Set<String> undeletable = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<String> attempts = new ConcurrentLinkedQueue<>();
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private volatile Runnable afterAttempt = () -> {};
  private final AtomicBoolean away = new AtomicBoolean();
  private final LeaderTerm leader = new LeaderTerm();
  private final GarbageCounters counters = new GarbageCounters();
  private volatile FailPoints failPoints = FailPoints.off();
  private ServiceFixture service;
  private Reaper reaper;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.module.leadershipListener().onLeadershipLost(); // the one under test works instead
    reaper = reaper(RateLimiter.create(1000));
  }

  private Reaper reaper(RateLimiter rate) {
    BlobDeleter deleter =
        location -> {
          attempts.add(location);
          afterAttempt.run();
          if (away.get()) {
            throw new BlobStoreUnavailableException(Path.of("/blobs"), "not mounted", null);
          }
          if (undeletable.contains(location)) {
            throw new IOException("disk on fire");
          }
          return service.blobs.delete(location);
        };
    return new Reaper(
        new LeaderRegistry(service.registry),
        leader,
        StorageBackend.STORAGE_BACKEND_LOCAL,
        deleter,
        rate,
        counters,
        point -> failPoints.hit(point),
        thread,
        Duration.ofMillis(20),
        System::nanoTime);
  }

  @AfterEach
  void stop() {
    leader.onLeadershipLost();
    reaper.close();
    thread.shutdownNow();
    service.close();
  }

  @Test
  void whatCannotBeDeletedStaysOnTheListWithoutHoldingUpTheRest() {
    Asset stuck = deleted("stuck", 1);
    deleted("other", 2);
    undeletable.add(stuck.getLocation());

    leader.onLeaderReady(1);

    await().until(() -> attempts.stream().filter(stuck.getLocation()::equals).count() >= 3);
    assertThat(service.registry.everything()).extracting(Asset::getId).containsExactly("stuck");
    assertThat(service.filesInStore()).containsExactly(stuck.getLocation());

    undeletable.clear();
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void aNodeThatDoesNotLeadDeletesNothing() {
    deleted("k", 1);
    leader.onLeaderReady(1);
    await().untilAsserted(service::assertNothingLeft);
    leader.onLeadershipLost();
    Asset second = deleted("second", 2);
    attempts.clear();

    reaper.kick();
    await().during(Duration.ofMillis(200)).until(attempts::isEmpty);
    assertThat(service.filesInStore()).containsExactly(second.getLocation());
  }

  @Test
  void whoCannotProveItsLeadershipAnyMoreDeletesNoFurther() {
    deleted("first", 1);
    deleted("second", 2);
    afterAttempt =
        () ->
            service.registry.failWith(
                new ClusterUnavailableException(
                    ClusterUnavailableException.Reason.NO_LEADER, false, "deposed"));

    leader.onLeaderReady(1);

    await().until(() -> !attempts.isEmpty());
    await().during(Duration.ofMillis(300)).untilAsserted(() -> assertThat(attempts).hasSize(1));
    assertThat(service.filesInStore()).hasSize(1);

    afterAttempt = () -> {};
    service.registry.failWith(null);
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void moreThanOneBatchIsWorkedOff() {
    for (int i = 0; i < Reaper.BATCH + 3; i++) {
      service.plant("many/" + i, bytes(10, i));
      Asset asset =
          Asset.newBuilder()
              .setId("k" + i)
              .setName("k" + i)
              .setType(AssetType.ASSET_TYPE_KERNEL)
              .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
              .setLocation("many/" + i)
              .build();
      propose(Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset)));
      propose(Command.newBuilder().setMarkDeleting(MarkDeleting.newBuilder().addAssetIds("k" + i)));
    }
    assertThat(service.filesInStore()).hasSize(Reaper.BATCH + 3);

    leader.onLeaderReady(1);

    await().atMost(Duration.ofSeconds(20)).untilAsserted(service::assertNothingLeft);
  }

  @ParameterizedTest
  @EnumSource(
      value = FailPoint.class,
      names = {"DELETE_BEFORE_BLOB", "DELETE_AFTER_BLOB", "DELETE_AFTER_PURGE"})
  void whereverItIsCutShortItIsFinishedLater(FailPoint where) {
    AtomicInteger reached = new AtomicInteger();
    failPoints =
        point -> {
          if (point == where && reached.incrementAndGet() <= 2) {
            throw new IllegalStateException("cut short at " + where);
          }
        };
    deleted("a", 1);
    deleted("b", 2);

    leader.onLeaderReady(1);

    await().untilAsserted(service::assertNothingLeft);
    assertThat(reached).as("times the point was reached").hasPositiveValue();
    assertThat(condemned()).isEmpty();
  }

  @Test
  void aDeposedLeaderDropsNoRecord() {
    deleted("k", 1);
    service.registry.beginTerm(2); // it does not know yet

    leader.onLeaderReady(1);

    await().until(() -> !attempts.isEmpty());
    await()
        .during(Duration.ofMillis(200))
        .untilAsserted(() -> assertThat(service.registry.everything()).hasSize(1));
    leader.onLeaderReady(2);
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void aDeletionThatComesLateHitsNothingThatAnybodyNeeds() {
    Asset old = deleted("old", 1);
    CountDownLatch resumed = new CountDownLatch(1);
    AtomicBoolean late = new AtomicBoolean();
    afterAttempt =
        () -> {
          try {
            assertThat(resumed.await(20, TimeUnit.SECONDS)).isTrue();
            late.set(true);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        };
    leader.onLeaderReady(1);
    await().until(() -> !attempts.isEmpty()); // about to delete, and paused

    service.lead(2); // another leader finishes the work, and the bytes come back
    await().untilAsserted(service::assertNothingLeft);
    Asset again = service.upload(kernel("again"), bytes(10, 1));
    resumed.countDown();

    await().untilTrue(late);
    await().during(Duration.ofMillis(200)).untilAsserted(() -> assertIntact(again));
    assertThat(again.getChecksum()).isEqualTo(old.getChecksum());
  }

  private void assertIntact(Asset asset) {
    assertThat(service.filesInStore()).containsExactly(asset.getLocation());
    assertThat(service.registry.everything()).containsExactly(asset);
  }

  @Test
  void aCondemnedBlobWithoutARecordIsDeletedAndForgotten() {
    service.plant("ab/" + "ab".repeat(32), bytes(10, 1));
    propose(
        Command.newBuilder()
            .setCondemnBlobs(
                CondemnBlobs.newBuilder()
                    .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
                    .addLocations("ab/" + "ab".repeat(32))));

    leader.onLeaderReady(1);

    await().untilAsserted(service::assertNothingLeft);
    await().untilAsserted(() -> assertThat(condemned()).isEmpty());
    assertThat(counters.blobsDeleted()).isEqualTo(1);
  }

  @Test
  void aBlobThatOthersUseIsNotTouched() {
    Asset kept = service.upload(kernel("kept").setId("kept"), bytes(10, 1));
    deleted("shared", 1);

    leader.onLeaderReady(1);

    await().untilAsserted(() -> assertThat(service.registry.everything()).containsExactly(kept));
    assertThat(attempts).isEmpty();
    assertThat(service.filesInStore()).containsExactly(kept.getLocation());
  }

  /** As after a move to another store: the same location there is somebody else's. */
  @Test
  void aBlobOfAStoreThatIsNotConfiguredIsLeftAndHoldsUpNothing() {
    Asset here = service.upload(kernel("here").setId("here"), bytes(10, 1));
    registerAndDelete(
        here.toBuilder().setId("elsewhere").setBackend(StorageBackend.STORAGE_BACKEND_S3).build());
    deleted("other", 2);

    leader.onLeaderReady(1);

    await()
        .untilAsserted(
            () ->
                assertThat(service.registry.everything())
                    .extracting(Asset::getId)
                    .containsExactlyInAnyOrder("here", "elsewhere"));
    await().until(() -> counters.deletionsFailed() >= 2);
    assertThat(attempts).doesNotContain(here.getLocation());
    assertThat(service.filesInStore()).containsExactly(here.getLocation());
  }

  @Test
  void ofAnAssetFromTheWebTheRecordAloneGoes() {
    registerAndDelete(
        Asset.newBuilder()
            .setId("web")
            .setName("web")
            .setType(AssetType.ASSET_TYPE_KERNEL)
            .setBackend(StorageBackend.STORAGE_BACKEND_HTTP)
            .setLocation("https://images.test/kernel")
            .setSizeBytes(10)
            .setChecksum("ab".repeat(32))
            .build());

    leader.onLeaderReady(1);

    await().untilAsserted(service::assertNothingLeft);
    assertThat(attempts).isEmpty();
    assertThat(condemned()).isEmpty();
  }

  private void registerAndDelete(Asset asset) {
    propose(Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset)));
    propose(
        Command.newBuilder()
            .setMarkDeleting(
                MarkDeleting.newBuilder()
                    .addAssetIds(asset.getId())
                    .setReason(MarkDeleting.Reason.REASON_REQUESTED)));
  }

  @Test
  void aStoreThatIsAwayIsTriedAgainAndNothingIsDropped() {
    deleted("first", 1);
    deleted("second", 2);
    away.set(true);

    leader.onLeaderReady(1);

    await().until(() -> attempts.size() >= 3);
    assertThat(service.registry.everything()).hasSize(2);
    away.set(false);
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void blobsAreDeletedNoFasterThanAllowed() {
    for (int i = 0; i < 15; i++) {
      deleted("k" + i, i);
    }
    reaper.close();
    reaper = reaper(RateLimiter.create(20)); // only now, for it saves up what is not used
    long start = System.nanoTime();

    leader.onLeaderReady(1);

    await().untilAsserted(service::assertNothingLeft);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(500));
  }

  private List<BlobRef> condemned() {
    return service.registry.query(view -> view.condemned(10));
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

  private Asset deleted(String id, int seed) {
    Asset asset = service.upload(kernel(id).setId(id), bytes(10, seed));
    assertThat(
            service
                .stub()
                .deleteAsset(DeleteAssetRequest.newBuilder().setId(id).build())
                .getDeleted())
        .isTrue();
    return asset;
  }
}
