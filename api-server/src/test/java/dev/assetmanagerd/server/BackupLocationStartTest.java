package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.s3server.S3Server;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupLocationStartTest {
  private static final String LOCATION = "BACKUP_LOCATION";

  @TempDir private Path directory;

  @Test
  void aDirectoryThatIsNotThereIsNamedWithItsVariableAndNotMade() throws Exception {
    Path missing = directory.resolve("missing");
    assertRefused(Map.of(LOCATION, "file://" + missing), missing.toString(), "no such directory");
    Path file = Files.writeString(directory.resolve("file"), "x");
    assertRefused(Map.of(LOCATION, "file://" + file), file.toString(), "no such directory");
    Backups.openPlace(config(Map.of(LOCATION, "file://" + Files.createDirectory(missing))))
        .orElseThrow()
        .close();
  }

  @Test
  void aBucketThatIsNotThereIsNamedWithItsVariable() throws Exception {
    S3Server server = S3Server.shared();
    assertRefused(
        bucket(server.endpoint(), "no-such-bucket"), "s3://no-such-bucket/b", "no such bucket");
    Backups.openPlace(config(bucket(server.endpoint(), server.newBucket()))).orElseThrow().close();
  }

  @Test
  void aServerThatDoesNotAnswerDoesNotKeepANodeFromStarting() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Backups.openPlace(config(bucket(URI.create("http://127.0.0.1:" + port), "backups")))
        .orElseThrow()
        .close();
  }

  private static Map<String, String> bucket(URI endpoint, String bucket) {
    return Map.of(
        LOCATION,
        "s3://" + bucket + "/b",
        "S3_ENDPOINT",
        endpoint.toString(),
        "S3_PATH_STYLE",
        "true",
        "S3_REGION",
        "us-east-1",
        "S3_ACCESS_KEY_ID",
        "key",
        "S3_SECRET_ACCESS_KEY",
        "secret",
        "STORAGE_TIMEOUT",
        "5s");
  }

  private void assertRefused(Map<String, String> more, String... words) throws Exception {
    NodeConfig config = config(more);
    var thrown =
        assertThatExceptionOfType(StartException.class)
            .isThrownBy(() -> Backups.openPlace(config).orElseThrow().close())
            .withMessageContaining("UNKEY_ASSETMANAGERD_" + LOCATION);
    for (String word : words) {
      thrown.withMessageContaining(word);
    }
  }

  private NodeConfig config(Map<String, String> more) throws Exception {
    Map<String, String> environment = new TestNode(directory).environment();
    more.forEach((name, value) -> environment.put("UNKEY_ASSETMANAGERD_" + name, value));
    return NodeConfig.read(environment);
  }
}
