package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeletingTest {
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
  void acquireAndReleaseTellTheCountAfterwards() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));

    AcquireAssetResponse first = acquire("k", 0);
    AcquireAssetResponse second = acquire("k", 0);
    assertThat(first.getAsset().getReferenceCount()).isEqualTo(1);
    assertThat(second.getAsset().getReferenceCount()).isEqualTo(2);
    assertThat(second.getLeaseId()).isNotEqualTo(first.getLeaseId());
    assertThat(release(first.getLeaseId()).getReferenceCount()).isEqualTo(1);
    assertThat(release(second.getLeaseId()).getReferenceCount()).isZero();
  }

  @Test
  void anUnknownLeaseIsNotFoundAndAnImpossibleOneRefused() {
    assertThat(code(failureOf(() -> release("01HZZZZZZZZZZZZZZZZZZZZZZZ"))))
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThat(fields(failureOf(() -> release("../lease")))).containsExactly("lease_id");
    assertThat(fields(failureOf(() -> release("")))).containsExactly("lease_id");
  }

  @Test
  void badAcquiresAreRefusedNamingTheField() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    AcquireAssetRequest.Builder good =
        AcquireAssetRequest.newBuilder().setAssetId("k").setAcquiredBy("vm");

    assertThat(acquireFields(good.clone().clearAcquiredBy())).containsExactly("acquired_by");
    assertThat(acquireFields(good.clone().setAcquiredBy("v".repeat(257))))
        .containsExactly("acquired_by");
    assertThat(acquireFields(good.clone().setTtlSeconds(-1))).containsExactly("ttl_seconds");
    assertThat(acquireFields(good.clone().setTtlSeconds(Long.MAX_VALUE)))
        .containsExactly("ttl_seconds");
    assertThat(acquireFields(good.clone().setAssetId("../k"))).containsExactly("asset_id");
    assertThat(code(failureOf(() -> acquire("unknown", 0)))).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(service.registry.everything().get(0).getReferenceCount()).isZero();
  }

  private List<String> acquireFields(AcquireAssetRequest.Builder request) {
    return fields(failureOf(() -> service.stub().acquireAsset(request.build())));
  }

  @Test
  void aDeletedAssetIsGoneAtOnceAndItsBlobSoonAfter() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));

    assertThat(delete("k", false).getDeleted()).isTrue();

    assertThat(code(failureOf(() -> get("k")))).isEqualTo(Status.Code.NOT_FOUND);
    await().untilAsserted(service::assertNothingLeft);
    assertThat(code(failureOf(() -> delete("k", false)))).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void aReferencedAssetStaysWithoutForceAndTheAnswerSaysHowManyHoldIt() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    acquire("k", 0);
    acquire("k", 0);

    DeleteAssetResponse response = delete("k", false);
    assertThat(response.getDeleted()).isFalse();
    assertThat(response.getMessage()).contains("2 references");
    assertThat(get("k").getReferenceCount()).isEqualTo(2);

    assertThat(delete("k", true).getDeleted()).isTrue();
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void whatIsBeingDeletedCannotBeAcquiredAndDeletingItAgainIsDone() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.module.leadershipListener().onLeadershipLost();
    delete("k", false);

    assertThat(code(failureOf(() -> acquire("k", 0)))).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(code(failureOf(() -> get("k")))).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(delete("k", false).getDeleted()).isTrue();
    assertThat(service.filesInStore()).as("blobs while nobody leads").hasSize(1);

    service.lead(2);
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void aSharedBlobGoesWithTheLastAssetThatRefersToIt() {
    for (String id : new String[] {"a", "b", "c"}) {
      service.upload(kernel(id).setId(id), bytes(10, 1));
    }

    delete("a", false);
    await().until(() -> service.registry.everything().size() == 2);
    assertThat(service.filesInStore()).hasSize(1);

    service.module.leadershipListener().onLeadershipLost();
    delete("b", false);
    delete("c", false); // both are DELETING when the worker looks
    service.lead(2);
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void garbageCollectionEndsExpiredLeasesAndDeletesNothingUnlessAsked() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    acquire("k", 60);
    service.registry.pass(Duration.ofDays(30));

    assertThat(collect(GarbageCollectRequest.newBuilder()))
        .isEqualTo(GarbageCollectResponse.getDefaultInstance());
    assertThat(get("k").getReferenceCount()).isZero();
  }

  @Test
  void garbageCollectionTakesOldUnreferencedAssetsAndADryRunSaysExactlyWhich() {
    service.upload(kernel("old").setId("old"), bytes(100, 1));
    service.upload(kernel("leased").setId("leased"), bytes(200, 2));
    service.upload(kernel("expired").setId("expired"), bytes(400, 3));
    acquire("leased", 0);
    acquire("expired", 60);
    service.registry.pass(Duration.ofDays(8));
    service.upload(kernel("young").setId("young"), bytes(800, 4));
    GarbageCollectRequest.Builder request =
        GarbageCollectRequest.newBuilder().setDeleteUnreferenced(true);
    String before = service.registry.query(view -> view.stateHash());

    GarbageCollectResponse dry = collect(request.clone().setDryRun(true));
    assertThat(dry.getDeletedAssetsList())
        .extracting(Asset::getId)
        .containsExactlyInAnyOrder("old", "expired");
    assertThat(dry.getBytesFreed()).isEqualTo(500);
    assertThat(service.registry.<String>query(view -> view.stateHash()))
        .as("state after a dry run")
        .isEqualTo(before);

    GarbageCollectResponse real = collect(request);
    assertThat(real.getDeletedAssetsList())
        .extracting(Asset::getId)
        .containsExactlyInAnyOrder("old", "expired");
    assertThat(real.getBytesFreed()).isEqualTo(500);
    await()
        .untilAsserted(
            () ->
                assertThat(service.registry.everything())
                    .extracting(Asset::getId)
                    .containsExactlyInAnyOrder("leased", "young"));
    assertThat(service.filesInStore()).hasSize(2);
  }

  @Test
  void bytesOfSharedBlobsCountOnceAndOnlyWhenTheyReallyGo() {
    service.upload(kernel("a").setId("a"), bytes(100, 1));
    service.upload(kernel("b").setId("b"), bytes(100, 1));
    service.upload(kernel("c").setId("c"), bytes(300, 2));
    service.upload(kernel("d").setId("d"), bytes(300, 2));
    acquire("d", 0);
    service.registry.pass(Duration.ofSeconds(100));
    GarbageCollectRequest.Builder request =
        GarbageCollectRequest.newBuilder().setDeleteUnreferenced(true).setMaxAgeSeconds(100);

    for (boolean dryRun : new boolean[] {true, false}) {
      GarbageCollectResponse response = collect(request.clone().setDryRun(dryRun));
      assertThat(response.getDeletedAssetsList())
          .extracting(Asset::getId)
          .containsExactlyInAnyOrder("a", "b", "c");
      assertThat(response.getBytesFreed()).as("dry run %s", dryRun).isEqualTo(100);
    }
    await().until(() -> service.filesInStore().size() == 1);
  }

  @Test
  void aBadAgeIsRefused() {
    assertThat(
            fields(
                failureOf(() -> collect(GarbageCollectRequest.newBuilder().setMaxAgeSeconds(-1)))))
        .containsExactly("max_age_seconds");
  }

  private AcquireAssetResponse acquire(String id, long ttlSeconds) {
    return service
        .stub()
        .acquireAsset(
            AcquireAssetRequest.newBuilder()
                .setAssetId(id)
                .setAcquiredBy("vm-1")
                .setTtlSeconds(ttlSeconds)
                .build());
  }

  private Asset release(String leaseId) {
    return service
        .stub()
        .releaseAsset(ReleaseAssetRequest.newBuilder().setLeaseId(leaseId).build())
        .getAsset();
  }

  private Asset get(String id) {
    return service.stub().getAsset(GetAssetRequest.newBuilder().setId(id).build()).getAsset();
  }

  private DeleteAssetResponse delete(String id, boolean force) {
    return service
        .stub()
        .deleteAsset(DeleteAssetRequest.newBuilder().setId(id).setForce(force).build());
  }

  private GarbageCollectResponse collect(GarbageCollectRequest.Builder request) {
    return service.stub().garbageCollect(request.build());
  }

  private static Status.Code code(StatusRuntimeException failure) {
    return failure.getStatus().getCode();
  }

  private static StatusRuntimeException failureOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }
}
