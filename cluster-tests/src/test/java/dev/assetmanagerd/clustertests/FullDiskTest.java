package dev.assetmanagerd.clustertests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Uploads;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real node whose file systems run full: it says which, leaves nothing behind, and works again as
 * soon as there is space, without a restart. Mounting small file systems takes root.
 */
@Tag("cluster")
@Timeout(60)
final class FullDiskTest {
  private static final int MIB = 1 << 20;
  private static final Duration CALL_MAX = Duration.ofSeconds(20);

  @RegisterExtension final Clusters clusters = new Clusters();

  @TempDir Path work;
  private final List<Path> mounted = new ArrayList<>();
  private Path blobs;
  private Path jails;
  private Node node;

  @BeforeEach
  void startOnSmallFileSystems() throws Exception {
    blobs = mount("blobs", 12 * MIB);
    jails = mount("jails", 5 * MIB);
    node =
        clusters
            .start(
                1,
                options ->
                    options
                        .with("LOCAL_STORAGE_PATH", blobs.toString())
                        .with("PREPARE_ROOTS", jails.toString()))
            .leader();
  }

  @AfterEach
  void unmount() throws Exception {
    for (Path directory : mounted) {
      // The node that had files open there is ended after this: so lazily.
      assertThat(succeeds("umount", "-l", directory.toString())).as("unmounting").isTrue();
    }
  }

  @Test
  void fullFileSystemsAreNamedAndLeftAsTheyWere() throws Exception {
    var unused = upload("first", 3 * MIB);
    List<String> before = filesBelow(blobs);

    CallFailedException failure =
        catchThrowableOfType(CallFailedException.class, () -> upload("large", 20 * MIB));
    assertThat(failure.code()).as("%s", failure).isEqualTo("resource_exhausted");
    assertThat(failure).hasMessageContaining("blob store").hasMessageContaining("space");
    assertThat(filesBelow(blobs)).as("after an upload that did not fit").isEqualTo(before);

    var unusedToo = upload("second", 3 * MIB);
    assertThat(filesBelow(blobs)).hasSizeGreaterThan(before.size());
    placeUntilFull();
  }

  private void placeUntilFull() throws IOException {
    var unused = prepare("vm-1", "first");
    List<String> before = filesBelow(jails);

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> prepare("vm-2", "second"));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(failure)
        .hasMessageContaining("target_path")
        .hasMessageContaining(jails.resolve("vm-2").toString());
    assertThat(filesBelow(jails)).as("after a placing that did not fit").isEqualTo(before);

    Files.delete(jails.resolve("vm-1/rootfs.ext4"));
    assertThat(prepare("vm-2", "second")).isEqualTo(jails.resolve("vm-2/rootfs.ext4").toString());
    assertThat(Files.size(jails.resolve("vm-2/rootfs.ext4"))).isEqualTo(3 * MIB);
  }

  private Asset upload(String id, int bytes) throws CallFailedException {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setId(id)
            .setName(id)
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .build();
    return Uploads.overGrpc(
        node.channel(), metadata, new RandomContent(id.hashCode(), bytes).open(), CALL_MAX);
  }

  private String prepare(String vm, String id) {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(CALL_MAX.toSeconds(), TimeUnit.SECONDS)
        .prepareAssets(
            PrepareAssetsRequest.newBuilder()
                .addAssetIds(id)
                .setTargetPath(jails.resolve(vm).toString())
                .setPreparedFor(vm)
                .build())
        .getAssetPathsOrThrow(id);
  }

  private Path mount(String name, int bytes) throws Exception {
    Path directory = Files.createDirectory(work.resolve(name));
    assumeTrue(
        succeeds("mount", "-t", "tmpfs", "-o", "size=" + bytes, "none", directory.toString()),
        "needs root, to mount");
    mounted.add(directory);
    return directory;
  }

  private static List<String> filesBelow(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.map(file -> directory.relativize(file).toString()).sorted().toList();
    }
  }

  private static boolean succeeds(String... command) throws Exception {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean done = process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!done) {
        System.out.println(String.join(" ", command) + ": " + output);
      }
      return done;
    } catch (IOException e) {
      System.out.println(command[0] + ": " + e.getMessage());
      return false;
    }
  }
}
