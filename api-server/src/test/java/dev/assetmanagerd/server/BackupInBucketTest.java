package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.backup.BackupManifest;
import dev.assetmanagerd.backup.BackupPlace;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.Hashing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What restore, and verify on the command line, read by its URL. */
class BackupInBucketTest {
  @TempDir private Path directory;

  @Test
  void whatTheClusterPutInABucketIsReadByItsUrlWhateverThePlaceOfTheCluster() throws Exception {
    S3Server server = S3Server.shared();
    String place = "s3://" + server.newBucket() + "/backups/of/prod";
    Path file = Files.write(directory.resolve("file"), new byte[300_000]);
    String location;
    try (BackupPlace written =
        Backups.openPlace(config(server, Map.of("BACKUP_LOCATION", place))).orElseThrow()) {
      location = written.location("assetmanagerd-prod-1.tar.gz");
      written.put(
          file, location, new BackupManifest.Part(300_000, Hashing.sha256(file).digest().hex()));
    }
    assertThat(location).isEqualTo(place + "/assetmanagerd-prod-1.tar.gz");

    NodeConfig restoring = config(server, Map.of());
    try (InputStream in = Backups.open(restoring, location)) {
      assertThat(in.readAllBytes()).hasSize(300_000);
    }
    assertThatThrownBy(() -> read(restoring, place + "/none.tar.gz"))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> read(restoring, "s3://no-such-bucket/b/x"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("bucket");
    assertThatThrownBy(() -> read(restoring, "s3://bucket-alone/x"))
        .hasMessageContaining("s3://BUCKET/PREFIX/NAME");
  }

  private static void read(NodeConfig config, String location) throws IOException {
    try (InputStream in = Backups.open(config, location)) {
      assertThat(in.readAllBytes()).isEmpty();
    }
  }

  private NodeConfig config(S3Server server, Map<String, String> more) throws Exception {
    Map<String, String> environment = new TestNode(directory).environment();
    Map<String, String> s3 =
        Map.of(
            "S3_ENDPOINT", server.endpoint().toString(),
            "S3_PATH_STYLE", "true",
            "S3_REGION", "us-east-1",
            "S3_ACCESS_KEY_ID", "key",
            "S3_SECRET_ACCESS_KEY", "secret");
    s3.forEach((name, value) -> environment.put("UNKEY_ASSETMANAGERD_" + name, value));
    more.forEach((name, value) -> environment.put("UNKEY_ASSETMANAGERD_" + name, value));
    return NodeConfig.read(environment);
  }
}
