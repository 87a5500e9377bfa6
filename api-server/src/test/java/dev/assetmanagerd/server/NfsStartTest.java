package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.config.NodeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NfsStartTest {
  private static final String PREFIX = "UNKEY_ASSETMANAGERD_";

  @TempDir private Path directory;

  @Test
  void aNodeWhoseNfsPathIsOnNoNfsMountDoesNotStartAndMakesNothingThere() {
    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> BlobStores.open(config(Map.of())).close())
        .withMessageContaining(PREFIX + "NFS_PATH")
        .withMessageContaining(blobs().toString())
        .withMessageContaining("file system of type ")
        .withMessageContaining(PREFIX + "NFS_REQUIRE_MOUNT=false");

    assertThat(blobs()).doesNotExist();
  }

  @Test
  void withoutThatRequirementTheStoreStillHasToBeOfTheSameCluster() throws Exception {
    Map<String, String> anywhere = Map.of("NFS_REQUIRE_MOUNT", "false", "CLUSTER_ID", "prod");
    BlobStores.open(config(anywhere)).close();
    BlobStores.open(config(anywhere)).close();

    assertThatExceptionOfType(StartException.class)
        .isThrownBy(
            () ->
                BlobStores.open(config(Map.of("NFS_REQUIRE_MOUNT", "false", "CLUSTER_ID", "test")))
                    .close())
        .withMessageContaining(PREFIX + "NFS_PATH")
        .withMessageContaining("\"prod\"")
        .withMessageContaining("\"test\"");
  }

  @Test
  void aPathThatCannotBeUsedIsNamedWithItsVariable() throws Exception {
    Files.writeString(blobs(), "a file");

    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> BlobStores.open(config(Map.of("NFS_REQUIRE_MOUNT", "false"))).close())
        .withMessageContaining(PREFIX + "NFS_PATH")
        .withMessageContaining("no directory");
  }

  private Path blobs() {
    return directory.resolve("nfs");
  }

  private NodeConfig config(Map<String, String> more) throws Exception {
    Map<String, String> environment = new TestNode(directory).environment();
    environment.put(PREFIX + "STORAGE_BACKEND", "nfs");
    environment.put(PREFIX + "NFS_PATH", blobs().toString());
    more.forEach((name, value) -> environment.put(PREFIX + name, value));
    return NodeConfig.read(environment);
  }
}
