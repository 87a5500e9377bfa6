package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.garbage.v1.ExplainAssetRequest;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse.Kind;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse.Reason;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.RegisterAsset;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplainingTest {
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
  void whatNobodyHoldsAndNobodyUsedIsCollectable() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.registry.pass(Duration.ofDays(9));

    ExplainAssetResponse response = explain("k");

    assertThat(response.getCollectable()).isTrue();
    assertThat(response.getAsset().getId()).isEqualTo("k");
    assertThat(kinds(response)).containsExactly(Kind.KIND_COLLECTABLE);
    assertThat(message(response)).contains("used it for 9d").contains("garbage from 7d on");
    assertExact("k");
  }

  @Test
  void aYoungAssetSaysWhenItWillBeGarbage() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.registry.pass(Duration.ofHours(25));

    ExplainAssetResponse response = explain("k");

    assertThat(response.getCollectable()).isFalse();
    assertThat(kinds(response)).containsExactly(Kind.KIND_USED_RECENTLY);
    assertThat(message(response))
        .contains("used 1d 1h ago, at 2023-11-14T22:13:20Z")
        .contains("in 5d 23h, at 2023-11-21T22:13:20Z");
    assertExact("k");

    service.registry.pass(Duration.ofDays(7).minusHours(25));
    assertThat(kinds(explain("k"))).containsExactly(Kind.KIND_COLLECTABLE);
    assertExact("k");
  }

  @Test
  void whatIsDeletedInAStoreThatIsNotConfiguredWaitsForOne() {
    Asset here = service.upload(kernel("k").setId("k"), bytes(10, 1));
    Asset there =
        here.toBuilder().setId("s3").setBackend(StorageBackend.STORAGE_BACKEND_S3).build();
    propose(Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(there)));
    propose(Command.newBuilder().setMarkDeleting(MarkDeleting.newBuilder().addAssetIds("s3")));

    ExplainAssetResponse response = explain("s3");

    assertThat(kinds(response)).containsExactly(Kind.KIND_DELETING);
    assertThat(message(response))
        .contains(
            "is in STORAGE_BACKEND_S3 and this cluster stores assets in STORAGE_BACKEND_LOCAL")
        .contains("waits for a leader");
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

  @Test
  void theAgeMayBeTheCallers() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.registry.pass(Duration.ofSeconds(90));

    assertThat(explain("k", 90).getCollectable()).isTrue();
    assertThat(message(explain("k", 91))).contains("after 1m 31s without use, which is in 1s");
  }

  @Test
  void leasesAreCountedAndTheLastOnesEndTold() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    acquire("k", 600);
    acquire("k", 7500);
    service.registry.pass(Duration.ofMinutes(5));

    ExplainAssetResponse response = explain("k", 1);

    assertThat(response.getCollectable()).isFalse();
    assertThat(kinds(response)).containsExactly(Kind.KIND_LEASED);
    assertThat(message(response))
        .isEqualTo("2 leases hold it; the last one ends in 2h unless it is renewed");
    acquire("k", 0);
    assertThat(message(explain("k", 1)))
        .isEqualTo("3 leases hold it; 1 of them has no end and must be released");
  }

  @Test
  void aLeaseThatHasExpiredHoldsNothing() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    acquire("k", 600);
    service.registry.pass(Duration.ofDays(8));

    assertThat(kinds(explain("k"))).containsExactly(Kind.KIND_COLLECTABLE);
    assertExact("k");
  }

  @Test
  void allReasonsAreTold() {
    Asset asset = service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.upload(kernel("other").setId("other"), bytes(10, 1));
    acquire("k", 0);

    ExplainAssetResponse response = explain("k");

    assertThat(kinds(response))
        .containsExactly(Kind.KIND_LEASED, Kind.KIND_USED_RECENTLY, Kind.KIND_BLOB_SHARED);
    assertThat(response.getReasons(2).getMessage())
        .isEqualTo("its blob %s stays in any case, for 1 other asset uses it", asset.getLocation());
  }

  @Test
  void whatIsBeingDeletedSaysWhatHappensNext() {
    service.module.leadershipListener().onLeadershipLost();
    service.upload(kernel("alone").setId("alone"), bytes(10, 1));
    service.upload(kernel("shared").setId("shared"), bytes(10, 2));
    service.upload(kernel("other").setId("other"), bytes(10, 2));
    delete("alone");
    delete("shared");

    assertThat(kinds(explain("alone"))).containsExactly(Kind.KIND_DELETING);
    assertThat(message(explain("alone"))).contains("deletes its blob");
    assertThat(kinds(explain("shared"))).containsExactly(Kind.KIND_DELETING);
    assertThat(message(explain("shared"))).contains("stays for others");
    assertThat(explain("shared").getCollectable()).isFalse();
  }

  @Test
  void explainingDoesNotCountAsUse() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.registry.pass(Duration.ofDays(8));

    explain("k");
    service.module.access().flush();

    assertThat(explain("k").getCollectable()).isTrue();
  }

  @Test
  void anUnknownAssetIsNotFound() {
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> explain("nothing"));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure).hasMessageContaining("asset_id").hasMessageContaining("nothing");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0s",
    "59, 59s",
    "60, 1m",
    "61, 1m 1s",
    "3599, 59m 59s",
    "3600, 1h",
    "7500, 2h 5m",
    "86400, 1d",
    "90000, 1d 1h",
    "600000, 6d 22h"
  })
  void spansAreReadable(long seconds, String text) {
    assertThat(Spans.text(seconds)).isEqualTo(text);
  }

  /** What is explained is what a collection would do. */
  private void assertExact(String id) {
    boolean collected =
        service
            .stub()
            .garbageCollect(
                GarbageCollectRequest.newBuilder()
                    .setDeleteUnreferenced(true)
                    .setDryRun(true)
                    .build())
            .getDeletedAssetsList()
            .stream()
            .anyMatch(asset -> asset.getId().equals(id));
    assertThat(explain(id).getCollectable()).isEqualTo(collected);
  }

  private ExplainAssetResponse explain(String id) {
    return explain(id, 0);
  }

  private ExplainAssetResponse explain(String id, long maxAgeSeconds) {
    return GarbageServiceGrpc.newBlockingStub(service.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .explainAsset(
            ExplainAssetRequest.newBuilder()
                .setAssetId(id)
                .setMaxAgeSeconds(maxAgeSeconds)
                .build());
  }

  private static Iterable<Kind> kinds(ExplainAssetResponse response) {
    return response.getReasonsList().stream().map(Reason::getKind).toList();
  }

  private static String message(ExplainAssetResponse response) {
    return response.getReasons(0).getMessage();
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

  private void delete(String id) {
    assertThat(
            service
                .stub()
                .deleteAsset(DeleteAssetRequest.newBuilder().setId(id).build())
                .getDeleted())
        .isTrue();
  }
}
