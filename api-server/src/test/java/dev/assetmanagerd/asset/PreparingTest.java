package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.rootfs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.place.Placement;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreparingTest {
  @TempDir Path directory;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private ServiceFixture service;
  private Path target;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    target = service.vmRoot.resolve("vm-1/root");
  }

  @AfterEach
  void stop() {
    service.close();
    timer.shutdownNow();
  }

  @Test
  void kernelAndRootFileSystemGetTheNamesThatVirtualMachinesLookFor() throws Exception {
    service.upload(kernel("k").setId("k"), bytes(5000, 1));
    service.upload(rootfs("r").setId("r"), bytes(7000, 2));

    Map<String, String> paths = prepare("k", "r");

    assertThat(paths)
        .containsOnly(
            Map.entry("k", target.resolve("vmlinux").toString()),
            Map.entry("r", target.resolve("rootfs.ext4").toString()));
    assertThat(Files.readAllBytes(target.resolve("vmlinux"))).isEqualTo(bytes(5000, 1));
    assertThat(Files.readAllBytes(target.resolve("rootfs.ext4"))).isEqualTo(bytes(7000, 2));
    assertThat(filesInTarget()).containsExactly("rootfs.ext4", "vmlinux");
  }

  @Test
  void aKernelIsALinkAndARootFileSystemAFileOfItsOwn() throws Exception {
    Asset kernel = service.upload(kernel("k").setId("k"), bytes(5000, 1));
    Asset rootfs = service.upload(rootfs("r").setId("r"), bytes(7000, 2));
    prepare("k", "r");

    assertThat(Files.isSameFile(blob(kernel), target.resolve("vmlinux"))).isTrue();
    assertThat(Files.isSameFile(blob(rootfs), target.resolve("rootfs.ext4"))).isFalse();
    Files.write(target.resolve("rootfs.ext4"), new byte[] {1, 2, 3});
    assertThat(Files.readAllBytes(blob(rootfs)))
        .as("the stored bytes after a guest wrote to its own")
        .isEqualTo(bytes(7000, 2));
  }

  @Test
  void preparingAgainSucceedsAndHarmsNothing() throws Exception {
    Asset kernel = service.upload(kernel("k").setId("k"), bytes(5000, 1));

    assertThat(prepare("k")).isEqualTo(prepare("k"));
    assertThat(Files.readAllBytes(blob(kernel))).isEqualTo(bytes(5000, 1));
    assertThat(Files.readAllBytes(target.resolve("vmlinux"))).isEqualTo(bytes(5000, 1));
  }

  @Test
  void otherAssetsKeepTheirBaseNameAndMetadataComesAlong() throws Exception {
    service.plant("images/swap.img", bytes(100, 1));
    service.plant("images/debian.ext4", bytes(200, 2));
    service.plant("images/debian.ext4.metadata.json", new byte[] {'{', '}'});
    register("disk", AssetType.ASSET_TYPE_DISK_IMAGE, "images/swap.img");
    register("root", AssetType.ASSET_TYPE_ROOTFS, "images/debian.ext4");

    assertThat(prepare("disk", "root")).containsEntry("disk", target + "/swap.img");
    assertThat(filesInTarget()).containsExactly("metadata.json", "rootfs.ext4", "swap.img");
    assertThat(Files.readString(target.resolve("metadata.json"))).isEqualTo("{}");
  }

  @Test
  void metadataNamedWithoutTheEndingOfTheImageIsFoundToo() throws Exception {
    service.plant("images/debian.ext4", bytes(200, 2));
    service.plant("images/debian.metadata.json", new byte[] {'[', ']'});
    register("root", AssetType.ASSET_TYPE_ROOTFS, "images/debian.ext4");

    prepare("root");
    assertThat(Files.readString(target.resolve("metadata.json"))).isEqualTo("[]");
  }

  @Test
  void twoAssetsOfOneFileNameAreRefusedAndNothingIsPlaced() {
    service.upload(kernel("k1").setId("k1"), bytes(10, 1));
    service.upload(kernel("k2").setId("k2"), bytes(10, 2));

    StatusRuntimeException failure = failureOf("k1", "k2");
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("asset_ids");
    assertThat(failure).hasMessageContaining("vmlinux");
    assertThat(service.vmRoot).doesNotExist();
  }

  @Test
  void preparingCountsAsUse() {
    Asset asset = service.upload(kernel("k").setId("k"), bytes(10, 1));
    service.registry.pass(Duration.ofHours(2));
    prepare("k");

    assertThat(service.registry.query(view -> view.asset("k")).orElseThrow().getLastAccessedAt())
        .isEqualTo(asset.getLastAccessedAt() + 7200);
  }

  @Test
  void unknownAndDoubleAndNoIdsAreRefused() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));

    assertThat(failureOf("k", "missing").getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failureOf("k", "missing")).hasMessageContaining("\"missing\"");
    assertThat(fields(failureOf("k", "k"))).containsExactly("asset_ids");
    assertThat(fields(failureOf())).containsExactly("asset_ids");
    assertThat(fields(failureOf("../k"))).containsExactly("asset_ids");
    assertThat(service.vmRoot).doesNotExist();
  }

  @Test
  void bytesThatAreNotWhatWasRegisteredAreNotPlaced() throws Exception {
    Asset asset = service.upload(kernel("k").setId("k"), bytes(10, 1));
    Files.delete(blob(asset));
    Files.write(blob(asset), new byte[3]);

    assertThat(failureOf("k").getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS);
    assertThat(service.vmRoot).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "relative/path", "/srv/../etc"})
  void aTargetThatIsNoPlainAbsolutePathIsRefused(String path) {
    service.upload(kernel("k").setId("k"), bytes(10, 1));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> service.stub().prepareAssets(request(path, "k").build()));
    assertThat(fields(failure)).containsExactly("target_path");
  }

  @Test
  void aTargetOutsideTheAllowedRootsIsDenied() {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    Path outside = directory.resolve("elsewhere");

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> service.stub().prepareAssets(request(outside.toString(), "k").build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(failure).hasMessageContaining("target_path:");
    assertThat(outside).doesNotExist();
  }

  @Test
  void onlyCallersOnThisHostHaveFilesPutThere() throws Exception {
    assertThat(OwnHost.contains(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1)))
        .isTrue();
    assertThat(OwnHost.contains(address(192, 0, 2, 1))).as("an address of nobody").isFalse();
    assertThat(OwnHost.contains(null)).as("a transport that does not say").isFalse();
  }

  @Test
  void aCallerOnAnotherHostIsDeniedUnlessTheOperatorAllowsIt() throws Exception {
    service.upload(kernel("k").setId("k"), bytes(10, 1));
    CallScope remote =
        new CallScope(
            CallHeaders.none(), "AssetManagerService/PrepareAssets", address(192, 0, 2, 1));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> preparation(false).prepare(remote, request(target.toString(), "k").build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(service.vmRoot).doesNotExist();

    var unused = preparation(true).prepare(remote, request(target.toString(), "k").build());
    assertThat(target.resolve("vmlinux")).exists();
  }

  private Preparation preparation(boolean remoteCallers) {
    AssetServiceOptions defaults = AssetServiceOptions.defaults();
    RegistryAccess registry =
        new RegistryAccess(service.registry, Duration.ofSeconds(5), Runnable::run);
    return new Preparation(
        registry,
        new WorkingLeases(registry, timer, "prepare:test:", Duration.ofSeconds(60)),
        service.blobs,
        new AssetFiles(AssetServiceOptions.defaults().backend(), service.blobs, LocalCopies.none()),
        Runnable::run,
        new Placement(List.of(service.vmRoot), Clock.systemUTC()),
        new AssetServiceOptions(
            defaults.backend(),
            defaults.maxAssetBytes(),
            defaults.defaultDeadline(),
            defaults.uploadIdleTimeout(),
            defaults.maxUploads(),
            defaults.garbage(),
            defaults.prepare().withRemoteCallers(remoteCallers),
            defaults.leases()),
        FailPoints.off());
  }

  private static InetSocketAddress address(int... parts) throws IOException {
    byte[] bytes = new byte[parts.length];
    for (int i = 0; i < parts.length; i++) {
      bytes[i] = (byte) parts[i];
    }
    return new InetSocketAddress(InetAddress.getByAddress(bytes), 1);
  }

  private void register(String id, AssetType type, String location) {
    var unused =
        service
            .stub()
            .registerAsset(
                RegisterAssetRequest.newBuilder()
                    .setId(id)
                    .setName(id)
                    .setType(type)
                    .setLocation(location)
                    .build());
  }

  private Map<String, String> prepare(String... ids) {
    return service.stub().prepareAssets(request(target.toString(), ids).build()).getAssetPathsMap();
  }

  private StatusRuntimeException failureOf(String... ids) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> prepare(ids));
  }

  private static PrepareAssetsRequest.Builder request(String target, String... ids) {
    return PrepareAssetsRequest.newBuilder()
        .addAllAssetIds(List.of(ids))
        .setTargetPath(target)
        .setPreparedFor("vm-1");
  }

  private Path blob(Asset asset) {
    return service.blobDirectory.resolve(asset.getLocation());
  }

  private List<String> filesInTarget() throws IOException {
    try (var files = Files.list(target)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }
}
