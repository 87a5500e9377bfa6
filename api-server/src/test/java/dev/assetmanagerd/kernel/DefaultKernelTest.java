package dev.assetmanagerd.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.asset.AssetServiceOptions;
import dev.assetmanagerd.asset.LeaderRegistrar;
import dev.assetmanagerd.asset.LocalCopies;
import dev.assetmanagerd.asset.LocalRegistry;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DefaultKernelTest {
  @TempDir Path directory;
  private LocalRegistry registry;
  private SharedDirectoryBlobStore blobs;
  private LeaderRegistrar registrar;
  private DefaultKernel kernel;

  @BeforeEach
  void start() throws Exception {
    registry = new LocalRegistry(directory.resolve("registry.db"));
    blobs = SharedDirectoryBlobStore.open(directory.resolve("blobs"), "n1");
    registrar =
        new LeaderRegistrar(
            registry, blobs, LocalCopies.none(), AssetServiceOptions.defaults(), Runnable::run);
    kernel = new DefaultKernel(registry, blobs, registrar, "vmlinux");
  }

  @AfterEach
  void stop() {
    kernel.close();
    registry.close();
  }

  private byte[] plantKernel() throws IOException {
    byte[] image = KernelImageTest.elf(62, 50_000);
    byte[] banner = "Linux version 5.10.204 (x)".getBytes(StandardCharsets.UTF_8);
    System.arraycopy(banner, 0, image, 9_000, banner.length);
    Files.write(directory.resolve("blobs").resolve("vmlinux"), image);
    return image;
  }

  private Optional<Asset> registered() {
    return registry.query(view -> view.asset(DefaultKernel.ASSET_ID));
  }

  private void awaitLooked() {
    await("a look at the store").pollDelay(Duration.ofMillis(300)).until(() -> true);
  }

  @Test
  void aKernelInTheStoreIsRegisteredOnceWhoeverLeads() throws IOException {
    byte[] image = plantKernel();
    kernel.onLeaderReady(1);
    await().until(() -> registered().isPresent());

    Asset asset = registered().orElseThrow();
    assertThat(asset.getType()).isEqualTo(AssetType.ASSET_TYPE_KERNEL);
    assertThat(asset.getName()).isEqualTo("vmlinux");
    assertThat(asset.getLocation()).isEqualTo("vmlinux");
    assertThat(asset.getBackend()).isEqualTo(StorageBackend.STORAGE_BACKEND_LOCAL);
    assertThat(asset.getSizeBytes()).isEqualTo(image.length);
    assertThat(asset.getCreatedBy()).isEqualTo("assetmanagerd");
    assertThat(asset.getLabelsMap())
        .isEqualTo(Map.of("arch", "x86_64", "version", "5.10.204", "default", "true"));

    kernel.onLeadershipLost();
    kernel.onLeaderReady(1);
    try (DefaultKernel other = new DefaultKernel(registry, blobs, registrar, "vmlinux")) {
      other.onLeaderReady(1);
      awaitLooked();
    }
    assertThat(registry.countApplied(Command.KindCase.REGISTER_ASSET)).isEqualTo(1);
  }

  @Test
  void nothingIsRegisteredWhereThereIsAKernelAlready() throws Exception {
    plantKernel();
    registrar.register(
        Asset.newBuilder()
            .setId("chosen")
            .setName("k")
            .setType(AssetType.ASSET_TYPE_KERNEL)
            .setLocation("vmlinux")
            .build(),
        1);

    kernel.onLeaderReady(1);

    awaitLooked();
    assertThat(registered()).isEmpty();
  }

  @Test
  void aFileThatIsNoKernelIsLeftAlone() throws IOException {
    Files.writeString(directory.resolve("blobs").resolve("vmlinux"), "not a kernel");

    kernel.onLeaderReady(1);

    awaitLooked();
    assertThat(registry.applied()).isEqualTo(List.of());
  }

  @Test
  void whoLeadsNoMoreRegistersNothing() throws IOException {
    plantKernel();

    kernel.onLeaderReady(7); // a term that is over: entries are stamped with term 1

    awaitLooked();
    assertThat(registered()).isEmpty();
  }

  @Test
  void aClusterThatIsUnavailableForAWhileIsAskedAgain() throws IOException {
    plantKernel();
    registry.failWith(
        new ClusterUnavailableException(
            ClusterUnavailableException.Reason.NO_LEADER, false, "no leader"));
    kernel.onLeaderReady(1);
    awaitLooked();
    registry.failWith(null);

    await().atMost(Duration.ofSeconds(15)).until(() -> registered().isPresent());
  }
}
