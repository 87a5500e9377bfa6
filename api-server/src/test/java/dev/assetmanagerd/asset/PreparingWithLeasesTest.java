package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.header;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.rootfs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.place.Placement;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparingWithLeasesTest {
  @TempDir Path directory;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private ServiceFixture service;
  private Path target;

  /** What was answered, and its header {@code Assetmanager-Leases}. */
  private record Answer(PrepareAssetsResponse response, String leases, boolean replayed) {}

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    target = service.vmRoot.resolve("vm-1");
    service.upload(kernel("k").setId("k"), bytes(5000, 1));
    service.upload(rootfs("r").setId("r"), bytes(7000, 2));
  }

  @AfterEach
  void stop() {
    service.close();
    timer.shutdownNow();
  }

  @Test
  void assetsAreLeasedWhileTheyArePlacedAndNoLongerAfterTheAnswer() throws Exception {
    List<Lease> during = new ArrayList<>();
    FailPoints look =
        point -> {
          if (point == FailPoint.PREPARE_AFTER_PLACE) {
            during.addAll(leases());
          }
        };
    CallScope scope = scope(new Metadata());

    var unused = preparation(look, Duration.ofSeconds(60)).prepare(scope, request());
    assertThat(during).extracting(Lease::getAssetId).containsExactly("k", "r");
    assertThat(during).allMatch(lease -> lease.getAcquiredBy().equals("prepare:test:vm-1"));
    assertThat(leases()).isEmpty();
    assertThat(answer(new Metadata()).leases()).isEmpty();
  }

  /**
   * Row 8 of the defects of the daemon before: nothing held the assets until they were acquired.
   */
  @Test
  void leasesThatTheCallerKeepsLeaveNoGapInWhichTheAssetsCouldBeCollected() {
    Answer answer = answer(header("assetmanager-lease-ttl", "1h"));
    service.registry.pass(Duration.ofMinutes(59));

    assertThat(leases())
        .extracting(lease -> lease.getAssetId() + "=" + lease.getId())
        .containsExactlyInAnyOrder(answer.leases().split(", "));
    assertThat(leases())
        .allSatisfy(
            lease -> {
              assertThat(lease.getAcquiredBy()).isEqualTo("vm-1");
              assertThat(lease.getTtlSeconds()).isEqualTo(3600);
            });
    var unused =
        service
            .stub()
            .garbageCollect(
                GarbageCollectRequest.newBuilder()
                    .setDeleteUnreferenced(true)
                    .setMaxAgeSeconds(1)
                    .build());
    assertThat(delete("k", false).getDeleted()).isFalse();
    assertThat(service.registry.everything()).hasSize(2);
  }

  /** Row 9: a day was all that a lease could last. */
  @Test
  void leasesWithASessionLastAsLongAsTheHostKeepsIt() {
    String session =
        service
            .leases()
            .openSession(OpenSessionRequest.newBuilder().setHost("h").build())
            .getSession()
            .getId();
    Answer answer = answer(header("assetmanager-session", session));

    assertThat(leases())
        .hasSize(2)
        .allSatisfy(lease -> assertThat(lease.getSessionId()).isEqualTo(session))
        .allSatisfy(lease -> assertThat(answer.leases()).contains(lease.getId()));
    StatusRuntimeException failure = failureOf(header("assetmanager-session", "gone"));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  /** Row 10: a lease without a TTL leaked for ever. */
  @Test
  void whereTheOperatorSetsAMaximumNoLeaseIsKeptForEver() {
    service.close();
    service =
        ServiceFixture.with(
            directory,
            options ->
                options(
                    new LeaseLimits(
                        Duration.ZERO, Duration.ofHours(1), Duration.ofSeconds(1), Duration.ZERO)),
            store -> store);

    assertThat(fields(failureOf(header("assetmanager-lease-ttl", "0s"))))
        .containsExactly("header Assetmanager-Lease-Ttl");
    assertThat(fields(failureOf(header("assetmanager-lease-ttl", "2h"))))
        .containsExactly("header Assetmanager-Lease-Ttl");
    assertThat(target).doesNotExist();
  }

  @Test
  void aRepetitionWithTheSameKeyKeepsTheSameLeases() {
    Metadata headers = header("assetmanager-lease-ttl", "1h");
    headers.merge(header("idempotency-key", "boot-vm-1"));
    Answer first = answer(headers);
    Answer second = answer(headers);

    assertThat(second.leases()).isEqualTo(first.leases());
    assertThat(second.response()).isEqualTo(first.response());
    assertThat(List.of(first.replayed(), second.replayed())).containsExactly(false, true);
    assertThat(leases()).hasSize(2);
  }

  @Test
  void aPlacingThatFailsKeepsNoLeaseAndTheRepetitionGetsLivingOnes() throws Exception {
    Metadata headers = header("assetmanager-lease-ttl", "1h");
    headers.merge(header("idempotency-key", "boot-vm-1"));
    Files.createDirectories(target.resolve("vmlinux"));

    assertThat(failureOf(headers).getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(leases()).isEmpty();
    Files.delete(target.resolve("vmlinux"));
    assertThat(answer(headers).leases())
        .isEqualTo(
            String.join(
                ", ",
                leases().stream().map(each -> each.getAssetId() + "=" + each.getId()).toList()));
  }

  @Test
  void badHeadersAreRefusedBeforeAnythingIsPlaced() {
    for (String ttl : List.of("", "5", "1500ms", "-1s", "1d", "99999999h")) {
      assertThat(fields(failureOf(header("assetmanager-lease-ttl", ttl))))
          .as("Assetmanager-Lease-Ttl: %s", ttl)
          .containsExactly("header Assetmanager-Lease-Ttl");
    }
    Metadata both = header("assetmanager-lease-ttl", "1s");
    both.merge(header("assetmanager-session", "s"));
    assertThat(fields(failureOf(both))).containsExactly("header Assetmanager-Lease-Ttl");
    assertThat(
            fields(
                catchThrowableOfType(
                    StatusRuntimeException.class,
                    () ->
                        service
                            .stubWithHeader("assetmanager-lease-ttl", "1s")
                            .prepareAssets(request().toBuilder().clearPreparedFor().build()))))
        .containsExactly("prepared_for");
    assertThat(service.vmRoot).doesNotExist();
  }

  @Test
  void placingThatTakesLongerThanTheLeasesLiveRenewsThem() throws Exception {
    FailPoints slow =
        point -> {
          if (point == FailPoint.PREPARE_AFTER_LEASES) {
            for (int i = 0; i < 5; i++) {
              long renewals = service.registry.countApplied(Command.KindCase.RENEW_LEASES);
              service.registry.pass(Duration.ofMillis(900));
              Awaitility.await()
                  .until(
                      () ->
                          service.registry.countApplied(Command.KindCase.RENEW_LEASES) > renewals);
            }
          }
        };

    var unused = preparation(slow, Duration.ofSeconds(1)).prepare(scope(new Metadata()), request());
    assertThat(target.resolve("vmlinux")).exists();
    assertThat(leases()).isEmpty();
  }

  @Test
  void whileAnAssetIsPlacedItIsNotDeletedAndAForcedDeletionLeavesNoHalfFilledDirectory()
      throws Exception {
    assertThat(prepareWhile(() -> delete("k", false)).getDeleted()).isFalse();
    assertThat(Files.readAllBytes(target.resolve("vmlinux"))).isEqualTo(bytes(5000, 1));
    Path second = service.vmRoot.resolve("vm-2");
    target = second;
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                prepareWhile(
                    () -> {
                      DeleteAssetResponse deleted = delete("k", true);
                      Awaitility.await().until(() -> service.registry.everything().size() == 1);
                      return deleted;
                    }));

    assertThat(failure.getStatus().getCode())
        .as("%s", failure)
        .isIn(Status.Code.DATA_LOSS, Status.Code.NOT_FOUND, Status.Code.FAILED_PRECONDITION);
    assertThat(second).doesNotExist();
    assertThat(leases()).isEmpty();
  }

  private <T> T prepareWhile(Supplier<T> other) throws Exception {
    AtomicReference<T> result = new AtomicReference<>();
    FailPoints meanwhile =
        point -> {
          if (point == FailPoint.PREPARE_AFTER_LEASES) {
            result.set(other.get());
          }
        };
    var unused =
        preparation(meanwhile, Duration.ofSeconds(60)).prepare(scope(new Metadata()), request());
    return Objects.requireNonNull(result.get());
  }

  private Preparation preparation(FailPoints failPoints, Duration workingTtl) {
    RegistryAccess registry =
        new RegistryAccess(service.registry, Duration.ofSeconds(5), Runnable::run);
    return new Preparation(
        registry,
        new WorkingLeases(registry, timer, "prepare:test:", workingTtl),
        service.blobs,
        new AssetFiles(AssetServiceOptions.defaults().backend(), service.blobs, LocalCopies.none()),
        Runnable::run,
        new Placement(List.of(service.vmRoot), Clock.systemUTC()),
        options(LeaseLimits.defaults()),
        failPoints);
  }

  private static AssetServiceOptions options(LeaseLimits leases) {
    AssetServiceOptions defaults = AssetServiceOptions.defaults();
    return new AssetServiceOptions(
        defaults.backend(),
        defaults.maxAssetBytes(),
        defaults.defaultDeadline(),
        defaults.uploadIdleTimeout(),
        defaults.maxUploads(),
        defaults.garbage(),
        defaults.prepare().withRemoteCallers(true),
        leases);
  }

  private static CallScope scope(Metadata headers) {
    return new CallScope(CallHeaders.of(headers), "AssetManagerService/PrepareAssets", null);
  }

  private PrepareAssetsRequest request() {
    return PrepareAssetsRequest.newBuilder()
        .addAssetIds("k")
        .addAssetIds("r")
        .setTargetPath(target.toString())
        .setPreparedFor("vm-1")
        .build();
  }

  private Answer answer(Metadata headers) {
    AtomicReference<Metadata> answered = new AtomicReference<>();
    PrepareAssetsResponse response =
        service
            .stub()
            .withInterceptors(
                MetadataUtils.newAttachHeadersInterceptor(headers),
                MetadataUtils.newCaptureMetadataInterceptor(answered, new AtomicReference<>()))
            .prepareAssets(request());
    Metadata got = answered.get();
    String leases = got == null ? null : got.get(CallHeaders.LEASES);
    return new Answer(
        response,
        leases == null ? "" : leases,
        got != null && "true".equals(got.get(CallHeaders.REPLAYED)));
  }

  private StatusRuntimeException failureOf(Metadata headers) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> answer(headers));
  }

  private DeleteAssetResponse delete(String id, boolean force) {
    return service
        .stub()
        .deleteAsset(DeleteAssetRequest.newBuilder().setId(id).setForce(force).build());
  }

  private List<Lease> leases() {
    return service.leases().listLeases(ListLeasesRequest.getDefaultInstance()).getLeasesList();
  }
}
