package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.header;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.rootfs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.storage.place.PlacementMethod;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreparingWithHeadersTest {
  private static final String OWNER = "assetmanager-owner";
  private static final String NAMES = "assetmanager-target-names";

  @TempDir Path directory;
  private ServiceFixture service;
  private Path target;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    target = service.vmRoot.resolve("vm-1");
    service.upload(rootfs("r1").setId("r1"), bytes(5000, 1));
    service.upload(rootfs("r2").setId("r2"), bytes(7000, 2));
    service.upload(kernel("k").setId("k"), bytes(900, 3));
  }

  @AfterEach
  void stop() {
    service.close();
  }

  /** Row 20 of the defects of the daemon before: the second one overwrote the first. */
  @Test
  void twoAssetsOfOneTypeFitIntoOneJailWhenOneIsGivenAName() throws Exception {
    Map<String, String> paths = prepare(header(NAMES, "r2 = data.ext4"), "r1", "r2", "k");

    assertThat(paths)
        .containsOnly(
            Map.entry("r1", target + "/rootfs.ext4"),
            Map.entry("r2", target + "/data.ext4"),
            Map.entry("k", target + "/vmlinux"));
    assertThat(Files.readAllBytes(target.resolve("rootfs.ext4"))).isEqualTo(bytes(5000, 1));
    assertThat(Files.readAllBytes(target.resolve("data.ext4"))).isEqualTo(bytes(7000, 2));
  }

  @Test
  void metadataOfANamedRootFileSystemLiesBesideItUnderItsName() throws Exception {
    for (String name : List.of("a", "b")) {
      service.plant("images/" + name + ".ext4", bytes(200, 5));
      service.plant("images/" + name + ".ext4.metadata.json", new byte[] {'"', 'x', '"'});
      register(name, "images/" + name + ".ext4");
    }

    var unused = prepare(header(NAMES, "b=b.ext4"), "a", "b");

    assertThat(filesInTarget())
        .containsExactly("b.ext4", "b.ext4.metadata.json", "metadata.json", "rootfs.ext4");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "r1",
        "r1=",
        "r1=..",
        "r1=.hidden",
        "r1=a/b",
        "r1=../../etc/passwd",
        "r1=a\\b",
        "=x",
        "../r1=x",
        "r1=x,r1=y",
        "r1=x,",
        "other=x"
      })
  void namesThatBreakARuleAreRefusedAndNothingIsPlaced(String value) {
    StatusRuntimeException failure = failureOf(header(NAMES, value), "r1", "k");

    assertThat(fields(failure)).containsExactly("header Assetmanager-Target-Names");
    assertThat(service.vmRoot).doesNotExist();
  }

  @Test
  void namesThatCollideAreRefusedAndNothingIsPlaced() {
    for (String value : List.of("r1=x,r2=x", "r1=vmlinux", "r2=rootfs.ext4")) {
      StatusRuntimeException failure = failureOf(header(NAMES, value), "r1", "r2", "k");
      assertThat(fields(failure)).as(value).containsExactly("asset_ids");
    }
    assertThat(service.vmRoot).doesNotExist();
  }

  /** Row 3: owners went with the inode, to all VMs and the master. */
  @Test
  void writableFilesBelongToTheOwnerOfTheCallAndLinksToNobodyElse() throws Exception {
    assumeTrue(Integer.valueOf(0).equals(Files.getAttribute(directory, "unix:uid")), "needs root");

    var unused = prepare(header(OWNER, "61234:61235"), "r1", "k");

    assertThat(Files.getAttribute(target.resolve("rootfs.ext4"), "unix:uid")).isEqualTo(61234);
    assertThat(Files.getAttribute(target.resolve("rootfs.ext4"), "unix:gid")).isEqualTo(61235);
    assertThat(Files.getAttribute(target.resolve("vmlinux"), "unix:uid")).isEqualTo(0);
    assertThat(service.module.prepareCounters().files(PlacementMethod.LINKED)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "root",
        "1000",
        "1000:",
        ":1000",
        "-1:1",
        "1:-1",
        "0:1000",
        "1000:0",
        "0:0",
        "2147483648:1",
        "1:99999999999",
        "1000:1000:1",
        "0x3e8:1"
      })
  void ownersThatAreNoNumbersOrRootAreRefused(String value) {
    StatusRuntimeException failure = failureOf(header(OWNER, value), "r1");

    assertThat(fields(failure)).containsExactly("header Assetmanager-Owner");
    assertThat(service.vmRoot).doesNotExist();
  }

  @Test
  void metadataThatIsTooLargeIsRefusedAndNothingIsPlaced() {
    service.plant("images/a.ext4", bytes(200, 5));
    service.plant("images/a.ext4.metadata.json", new byte[RootfsCompanion.MAX_BYTES + 1]);
    register("a", "images/a.ext4");

    StatusRuntimeException failure = failureOf(new Metadata(), "a", "k");

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(failure).hasMessageContaining("metadata").hasMessageContaining("1048576");
    assertThat(service.vmRoot).doesNotExist();
  }

  @Test
  void anotherNameUnderTheSameKeyIsAnotherRequest() {
    Metadata headers = header("idempotency-key", "boot");
    headers.merge(header("assetmanager-lease-ttl", "1h"));
    headers.merge(header(NAMES, "r1=a.ext4"));
    var unused = prepare(headers, "r1");
    Metadata other = header("idempotency-key", "boot");
    other.merge(header("assetmanager-lease-ttl", "1h"));
    other.merge(header(NAMES, "r1=b.ext4"));

    assertThat(fields(failureOf(other, "r1"))).containsExactly("header Idempotency-Key");
  }

  @Test
  void howFilesCameToBeIsCounted() {
    for (int i = 0; i < 2; i++) {
      var unused = prepare(new Metadata(), "r1", "k");
    }
    var unused = failureOf(header(NAMES, "r1=k/x"), "r1");

    PrepareCounters counters = service.module.prepareCounters();
    assertThat(counters.preparations()).isEqualTo(2);
    assertThat(counters.preparationNanos()).isPositive();
    assertThat(counters.files(PlacementMethod.LINKED)).isEqualTo(1);
    assertThat(counters.files(PlacementMethod.UNCHANGED)).isEqualTo(2);
    assertThat(counters.files(PlacementMethod.COPIED) + counters.files(PlacementMethod.REFLINKED))
        .isEqualTo(1);
    assertThat(counters.bytesCopied()).isEqualTo(5000 * counters.files(PlacementMethod.COPIED));
  }

  private void register(String id, String location) {
    var unused =
        service
            .stub()
            .registerAsset(
                RegisterAssetRequest.newBuilder()
                    .setId(id)
                    .setName(id)
                    .setType(AssetType.ASSET_TYPE_ROOTFS)
                    .setLocation(location)
                    .build());
  }

  private Map<String, String> prepare(Metadata headers, String... ids) {
    return service
        .stub()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .prepareAssets(
            PrepareAssetsRequest.newBuilder()
                .addAllAssetIds(List.of(ids))
                .setTargetPath(target.toString())
                .setPreparedFor("vm-1")
                .build())
        .getAssetPathsMap();
  }

  private StatusRuntimeException failureOf(Metadata headers, String... ids) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> prepare(headers, ids));
  }

  private List<String> filesInTarget() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }
}
