package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.rootfs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.BuildOptions;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetResponse;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.registry.AssetCursor;
import dev.assetmanagerd.registry.AssetPage;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadingTest {
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
  void getReturnsTheAssetAndOnRequestTheFileOnThisHost() throws Exception {
    Asset asset = service.upload(kernel("k").setId("k-1"), bytes(1000, 1));

    GetAssetResponse plain = service.stub().getAsset(get("k-1").build());
    assertThat(plain.getAsset()).isEqualTo(asset);
    assertThat(plain.getLocalPath()).isEmpty();

    GetAssetResponse local = service.stub().getAsset(get("k-1").setEnsureLocal(true).build());
    assertThat(Files.readAllBytes(Path.of(local.getLocalPath()))).isEqualTo(bytes(1000, 1));
  }

  @Test
  void getSaysWhenTheBytesAreNotWhatWasRegistered() throws Exception {
    Asset asset = service.upload(kernel("k").setId("k-1"), bytes(1000, 1));
    Files.delete(service.blobDirectory.resolve(asset.getLocation()));

    StatusRuntimeException failure =
        failureOf(() -> service.stub().getAsset(get("k-1").setEnsureLocal(true).build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS);
    assertThat(failure).hasMessageContaining("k-1");
  }

  @Test
  void getOfAnUnknownIdIsNotFound() {
    StatusRuntimeException failure = failureOf(() -> service.stub().getAsset(get("no").build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure).hasMessageContaining("id:").hasMessageContaining("\"no\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../x", "a..b", "-x", "a/b", "ü", "a b"})
  void getOfAnIdThatIsNoneIsRefused(String id) {
    StatusRuntimeException failure = failureOf(() -> service.stub().getAsset(get(id).build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("id");
  }

  @Test
  void listsNewestFirstPageByPageWithoutGapOrRepetition() {
    for (int i = 0; i < 7; i++) {
      service.upload(kernel("k" + i).setId("k-" + i), bytes(10, i));
      service.registry.pass(Duration.ofSeconds(i % 2)); // some share their second
    }

    List<String> seen = new ArrayList<>();
    String token = "";
    int pages = 0;
    do {
      ListAssetsResponse page =
          service
              .stub()
              .listAssets(
                  ListAssetsRequest.newBuilder().setPageSize(3).setPageToken(token).build());
      page.getAssetsList().forEach(asset -> seen.add(asset.getId()));
      token = page.getNextPageToken();
      pages++;
    } while (!token.isEmpty());

    assertThat(pages).isEqualTo(3);
    assertThat(seen).containsExactly("k-6", "k-5", "k-4", "k-3", "k-2", "k-1", "k-0");
  }

  @Test
  void labelsMustAllMatchExactly() {
    service.upload(
        kernel("a").setId("a").putLabels("os", "debian").putLabels("v", "12"), bytes(1, 1));
    service.upload(
        kernel("b").setId("b").putLabels("os", "debian").putLabels("v", "13"), bytes(1, 2));
    service.upload(
        rootfs("c").setId("c").putLabels("os", "debian").putLabels("v", "12"), bytes(1, 3));

    ListAssetsRequest.Builder request =
        ListAssetsRequest.newBuilder().putLabelSelector("os", "debian").putLabelSelector("v", "12");
    assertThat(ids(service.stub().listAssets(request.build()))).containsExactlyInAnyOrder("a", "c");
    assertThat(ids(service.stub().listAssets(request.setType(AssetType.ASSET_TYPE_ROOTFS).build())))
        .containsExactly("c");
    assertThat(ids(service.stub().listAssets(request.putLabelSelector("os", "deb").build())))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"0, 100", "1, 1", "1000, 1000", "1001, 1000", "2147483647, 1000"})
  void pageSizesAreBrought(int asked, int given) {
    assertThat(
            AssetRequests.list(ListAssetsRequest.newBuilder().setPageSize(asked).build()).limit())
        .isEqualTo(given);
  }

  @Test
  void badListRequestsAreRefusedNamingTheField() {
    assertListRefused(ListAssetsRequest.newBuilder().setPageSize(-1), "page_size");
    assertListRefused(ListAssetsRequest.newBuilder().setTypeValue(17), "type");
    assertListRefused(ListAssetsRequest.newBuilder().setStatusValue(-3), "status");
    assertListRefused(ListAssetsRequest.newBuilder().setPageToken("bm93aGVyZQ"), "page_token");
    assertListRefused(
        ListAssetsRequest.newBuilder().putLabelSelector("k", "v".repeat(1025)),
        "label_selector[\"k\"]");
  }

  private void assertListRefused(ListAssetsRequest.Builder request, String field) {
    StatusRuntimeException failure = failureOf(() -> service.stub().listAssets(request.build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly(field);
  }

  @Test
  void aPageNeverOutgrowsWhatClientsTakeAndTheNextGoesOnThere() {
    String label = "x".repeat(1000);
    List<Asset> fat =
        IntStream.range(0, 100)
            .mapToObj(
                i -> {
                  Asset.Builder asset = Asset.newBuilder().setId("a" + i).setCreatedAt(i);
                  IntStream.range(0, 64).forEach(k -> asset.putLabels("label" + k, label));
                  return asset.build();
                })
            .toList();

    AssetPage page = AssetReads.cutToMessageSize(new AssetPage(fat, null));

    int bytes = page.assets().stream().mapToInt(Asset::getSerializedSize).sum();
    assertThat(bytes).isBetween(AssetReads.MAX_PAGE_BYTES / 2, AssetReads.MAX_PAGE_BYTES);
    Asset last = page.assets().get(page.assets().size() - 1);
    assertThat(page.next()).isEqualTo(new AssetCursor(last.getCreatedAt(), last.getId()));
  }

  @Test
  void queriesThatNeedNoBuildJustList() {
    QueryAssetsRequest kernels =
        QueryAssetsRequest.newBuilder()
            .setType(AssetType.ASSET_TYPE_KERNEL)
            .putLabelSelector("docker_image", "nginx:1")
            .setBuildOptions(BuildOptions.newBuilder().setEnableAutoBuild(true))
            .build();
    assertThat(service.stub().queryAssets(kernels).getAssetsList()).isEmpty();
    assertThat(
            service
                .stub()
                .queryAssets(
                    QueryAssetsRequest.newBuilder()
                        .putLabelSelector("docker_image", "nginx:1")
                        .build())
                .getAssetsList())
        .isEmpty();
  }

  @Test
  void listsNeverCountAsUseButGetDoes() {
    Asset asset = service.upload(kernel("k").setId("k"), bytes(1, 1));
    AccessTracker tracker = service.module.access();
    service.registry.pass(Duration.ofHours(1));

    service.stub().listAssets(ListAssetsRequest.getDefaultInstance());
    service.stub().queryAssets(QueryAssetsRequest.getDefaultInstance());
    tracker.flush();
    assertThat(lastAccess("k")).isEqualTo(asset.getLastAccessedAt());

    for (int i = 0; i < 10; i++) {
      service.stub().getAsset(get("k").build());
    }
    tracker.flush();
    assertThat(lastAccess("k")).isEqualTo(asset.getLastAccessedAt() + 3600);
    assertThat(service.registry.countApplied(Command.KindCase.TOUCH_ASSETS))
        .as("commands for ten reads")
        .isEqualTo(1);
  }

  private long lastAccess(String id) {
    return service.registry.query(view -> view.asset(id)).orElseThrow().getLastAccessedAt();
  }

  @Test
  void aStaleReadIsAllowedWithinItsBoundAndRefusedBeyond() {
    service.upload(kernel("k").setId("k"), bytes(1, 1));
    service.registry.failWith(
        new ClusterUnavailableException(
            ClusterUnavailableException.Reason.NO_LEADER, false, "no leader"));
    service.registry.setStaleness(Duration.ofSeconds(4));

    assertThat(failureOf(() -> service.stub().getAsset(get("k").build())).getStatus().getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(consistency("stale; max-age=5s").getAsset().getId()).isEqualTo("k");
    StatusRuntimeException failure = failureOf(() -> consistency("stale; max-age=3s"));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure).hasMessageContaining("Assetmanager-Consistency");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"eventual", "stale", "stale; max-age=", "stale; max-age=5", "stale;max-age=-1s"})
  void anUnknownConsistencyIsRefused(String value) {
    StatusRuntimeException failure = failureOf(() -> consistency(value));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("header Assetmanager-Consistency");
  }

  private GetAssetResponse consistency(String value) {
    return service.stubWithHeader("assetmanager-consistency", value).getAsset(get("k").build());
  }

  @Test
  void aWriteTellsItsLogIndexAndAReadCanWaitForIt() {
    service.upload(kernel("k").setId("k"), bytes(1, 1));
    AtomicReference<Metadata> headers = new AtomicReference<>();
    var unused =
        service
            .stub()
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
            .acquireAsset(
                AcquireAssetRequest.newBuilder().setAssetId("k").setAcquiredBy("vm").build());
    String index = Objects.requireNonNull(headers.get()).get(CallHeaders.INDEX);
    assertThat(index).isEqualTo(Long.toString(service.registry.index()));

    assertThat(
            service
                .stubWithHeader("assetmanager-index", index)
                .getAsset(get("k").build())
                .getAsset()
                .getReferenceCount())
        .isEqualTo(1);
    assertThat(
            failureOf(
                    () ->
                        service
                            .stubWithHeader("assetmanager-index", "999999")
                            .getAsset(get("k").build()))
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    StatusRuntimeException bad =
        failureOf(
            () -> service.stubWithHeader("assetmanager-index", "x").getAsset(get("k").build()));
    assertThat(fields(bad)).containsExactly("header Assetmanager-Index");
  }

  private static GetAssetRequest.Builder get(String id) {
    return GetAssetRequest.newBuilder().setId(id);
  }

  private static List<String> ids(ListAssetsResponse response) {
    return response.getAssetsList().stream().map(Asset::getId).toList();
  }

  private static StatusRuntimeException failureOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }
}
