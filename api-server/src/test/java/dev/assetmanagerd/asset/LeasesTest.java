package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AcquireLeasesResponse;
import dev.assetmanagerd.lease.v1.GetLeaseRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import dev.assetmanagerd.lease.v1.ReleaseHolderRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeasesTest {
  @TempDir Path directory;
  private ServiceFixture service;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.upload(kernel("a").setId("a"), bytes(10, 1));
    service.upload(kernel("b").setId("b"), bytes(10, 2));
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void leasesOnSeveralAssetsAreTakenTogether() {
    AcquireLeasesResponse taken = acquire(60, "a", "b");

    assertThat(taken.getLeasesList()).extracting(Lease::getAssetId).containsExactly("a", "b");
    assertThat(taken.getLeasesList())
        .allSatisfy(
            lease -> {
              assertThat(lease.getAcquiredBy()).isEqualTo("vm");
              assertThat(lease.getTtlSeconds()).isEqualTo(60);
              assertThat(lease.getExpiresInMillis()).isEqualTo(60_000);
              assertThat(lease.getAcquiredAt()).isEqualTo(service.registry.wallMillis() / 1000);
            });
    assertThat(taken.getAssetsList())
        .extracting(Asset::getReferenceCount)
        .as("counts after the leases were taken")
        .containsExactly(1, 1);
    assertThat(lease(taken.getLeases(0).getId())).isEqualTo(taken.getLeases(0));
  }

  @Test
  void noneIsTakenWhereOneCannotBe() {
    StatusRuntimeException failure = failureOf(() -> acquire(60, "a", "no-such"));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure).hasMessageContaining("asset_ids").hasMessageContaining("no-such");
    assertThat(referenceCount("a")).isZero();
  }

  @Test
  void renewedLeasesLiveForTheirTtlFromThenAndTheOthersAreNamed() {
    Lease own = acquire(60, "a").getLeases(0);
    Lease changed = acquire(60, "b").getLeases(0);
    service.registry.pass(Duration.ofSeconds(50));
    assertThat(lease(own.getId()).getExpiresInMillis()).isEqualTo(10_000);

    RenewLeasesResponse renewed =
        service
            .leases()
            .renewLeases(
                RenewLeasesRequest.newBuilder().addLeaseIds(own.getId()).addLeaseIds("no").build());
    var unused =
        service
            .leases()
            .renewLeases(
                RenewLeasesRequest.newBuilder()
                    .addLeaseIds(changed.getId())
                    .setTtlSeconds(5)
                    .build());

    assertThat(renewed.getRenewedList()).extracting(Lease::getId).containsExactly(own.getId());
    assertThat(renewed.getNotFoundIdsList()).containsExactly("no");
    assertThat(lease(own.getId()).getExpiresInMillis()).isEqualTo(60_000);
    assertThat(lease(changed.getId()).getExpiresInMillis()).isEqualTo(5_000);
  }

  @Test
  void aLeaseWhoseTimeIsOverIsNotFoundAndCannotBeRenewed() {
    Lease lease = acquire(60, "a").getLeases(0);
    service.registry.pass(Duration.ofSeconds(60));

    assertThat(failureOf(() -> lease(lease.getId())).getStatus().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThat(
            service
                .leases()
                .renewLeases(RenewLeasesRequest.newBuilder().addLeaseIds(lease.getId()).build())
                .getNotFoundIdsList())
        .containsExactly(lease.getId());
  }

  @Test
  void filtersOfAListCombine() {
    acquire(60, "a", "b");
    acquire(600, "a");
    var unused =
        service
            .leases()
            .acquireLeases(
                AcquireLeasesRequest.newBuilder().addAssetIds("a").setAcquiredBy("other").build());

    assertThat(assetsOf(ListLeasesRequest.newBuilder())).hasSize(4);
    assertThat(assetsOf(ListLeasesRequest.newBuilder().setAssetId("a"))).hasSize(3);
    assertThat(assetsOf(ListLeasesRequest.newBuilder().setAcquiredBy("other")))
        .containsExactly("a");
    assertThat(assetsOf(ListLeasesRequest.newBuilder().setExpiringWithinSeconds(60)))
        .containsExactly("a", "b");
    assertThat(
            assetsOf(
                ListLeasesRequest.newBuilder().setAcquiredBy("vm").setAssetId("b").setPageSize(7)))
        .containsExactly("b");
  }

  @Test
  void aListGoesOnWhereThePageEndedAndItsTokenFitsNoOtherList() {
    for (int i = 0; i < 5; i++) {
      acquire(60, "a");
    }
    ListLeasesRequest.Builder request =
        ListLeasesRequest.newBuilder().setAssetId("a").setPageSize(2);
    List<String> seen = new ArrayList<>();
    List<Integer> sizes = new ArrayList<>();
    ListLeasesResponse page;
    do {
      page = service.leases().listLeases(request.build());
      page.getLeasesList().forEach(lease -> seen.add(lease.getId()));
      sizes.add(page.getLeasesCount());
      if (!page.getNextPageToken().isEmpty()) {
        request.setPageToken(page.getNextPageToken());
      }
    } while (!page.getNextPageToken().isEmpty());

    assertThat(sizes).containsExactly(2, 2, 1);
    assertThat(seen).hasSize(5).doesNotHaveDuplicates().isSorted();
    String token = request.getPageToken();
    for (ListLeasesRequest.Builder other :
        List.of(
            ListLeasesRequest.newBuilder(),
            ListLeasesRequest.newBuilder().setAssetId("b"),
            ListLeasesRequest.newBuilder().setAssetId("a").setAcquiredBy("vm"))) {
      StatusRuntimeException failure =
          failureOf(() -> service.leases().listLeases(other.setPageToken(token).build()));
      assertThat(fields(failure)).as("token of another list: %s", other).contains("page_token");
    }
  }

  @Test
  void allLeasesOfAHolderAreReleasedHoweverManyThereAre() {
    List<String> ids = IntStream.range(0, 64).mapToObj(i -> "many-" + i).toList();
    for (String id : ids) {
      service.upload(kernel(id).setId(id), bytes(10, 3));
    }
    for (int i = 0; i < 40; i++) {
      acquire(0, ids.toArray(String[]::new));
    }
    AcquireAssetRequest others =
        AcquireAssetRequest.newBuilder().setAssetId("a").setAcquiredBy("vm-2").build();
    String kept = service.stub().acquireAsset(others).getLeaseId();

    assertThat(releaseHolder()).isEqualTo(64 * 40);
    assertThat(releaseHolder()).isZero();
    assertThat(referenceCount("many-0")).isZero();
    assertThat(lease(kept).getAcquiredBy()).isEqualTo("vm-2");
  }

  @Test
  void aLeaseReleasedBeforeIsReleasedAgain() {
    String id = acquire(60, "a").getLeases(0).getId();
    ReleaseAssetRequest release = ReleaseAssetRequest.newBuilder().setLeaseId(id).build();

    assertThat(service.stub().releaseAsset(release).getAsset().getReferenceCount()).isZero();
    assertThat(service.stub().releaseAsset(release).getAsset().getReferenceCount()).isZero();
    service.registry.pass(Duration.ofMinutes(61));
    assertThat(failureOf(() -> service.stub().releaseAsset(release)).getStatus().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void badRequestsAreRefusedByTheNameOfTheField() {
    assertRefused("asset_ids", () -> acquire(60));
    assertRefused("asset_ids", () -> acquire(60, "a", "a"));
    assertRefused(
        "asset_ids",
        () -> acquire(60, IntStream.range(0, 65).mapToObj(i -> "x" + i).toArray(String[]::new)));
    assertRefused("asset_ids", () -> acquire(60, "../a"));
    assertRefused("ttl_seconds", () -> acquire(-1, "a"));
    assertRefused(
        "acquired_by",
        () ->
            service
                .leases()
                .acquireLeases(AcquireLeasesRequest.newBuilder().addAssetIds("a").build()));
    assertRefused(
        "ttl_seconds",
        () ->
            service
                .leases()
                .acquireLeases(
                    AcquireLeasesRequest.newBuilder()
                        .addAssetIds("a")
                        .setAcquiredBy("vm")
                        .setTtlSeconds(1)
                        .setSessionId("s")
                        .build()));
    assertRefused(
        "lease_ids", () -> service.leases().renewLeases(RenewLeasesRequest.getDefaultInstance()));
    assertRefused(
        "lease_ids",
        () ->
            service
                .leases()
                .renewLeases(
                    RenewLeasesRequest.newBuilder()
                        .addAllLeaseIds(IntStream.range(0, 1001).mapToObj(i -> "l" + i).toList())
                        .build()));
    assertRefused("lease_id", () -> lease(""));
    assertRefused(
        "page_size",
        () -> service.leases().listLeases(ListLeasesRequest.newBuilder().setPageSize(-1).build()));
    assertRefused(
        "page_token",
        () ->
            service.leases().listLeases(ListLeasesRequest.newBuilder().setPageToken("x").build()));
    assertRefused(
        "acquired_by",
        () -> service.leases().releaseHolder(ReleaseHolderRequest.getDefaultInstance()));
  }

  private static void assertRefused(String field, ThrowingCallable call) {
    StatusRuntimeException failure = failureOf(call);
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).as("%s", failure.getMessage()).containsExactly(field);
  }

  private static StatusRuntimeException failureOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }

  private AcquireLeasesResponse acquire(long ttlSeconds, String... assetIds) {
    return service
        .leases()
        .acquireLeases(
            AcquireLeasesRequest.newBuilder()
                .addAllAssetIds(List.of(assetIds))
                .setAcquiredBy("vm")
                .setTtlSeconds(ttlSeconds)
                .build());
  }

  private Lease lease(String id) {
    return service
        .leases()
        .getLease(GetLeaseRequest.newBuilder().setLeaseId(id).build())
        .getLease();
  }

  private int releaseHolder() {
    return service
        .leases()
        .releaseHolder(ReleaseHolderRequest.newBuilder().setAcquiredBy("vm").build())
        .getReleased();
  }

  private int referenceCount(String id) {
    return service
        .stub()
        .getAsset(GetAssetRequest.newBuilder().setId(id).build())
        .getAsset()
        .getReferenceCount();
  }

  private List<String> assetsOf(ListLeasesRequest.Builder request) {
    return service.leases().listLeases(request.build()).getLeasesList().stream()
        .map(Lease::getAssetId)
        .toList();
  }
}
