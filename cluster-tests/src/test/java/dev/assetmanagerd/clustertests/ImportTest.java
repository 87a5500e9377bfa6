package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.olddaemon.ImportProcess;
import dev.assetmanagerd.clustertests.olddaemon.OldDaemonData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The database of a single-node daemon taken into a cluster that loses its leader meanwhile. */
@Tag("cluster")
@Timeout(180)
final class ImportTest {
  private static final OldDaemonData OLD = new OldDaemonData(1500, 6000, 750);
  private static final Duration IMPORT_MAX = Duration.ofSeconds(90);

  @RegisterExtension final Clusters clusters = new Clusters();
  @TempDir private Path directory;

  @Test
  void anImportDuringWhichTheLeaderIsKilledIsWholeAndExactAndASecondOneChangesNothing()
      throws Exception {
    TestCluster cluster = clusters.start(3);
    Path database = directory.resolve("assets.db");
    OLD.writeDatabase(database, Instant.now().getEpochSecond());
    OLD.writeBlobs(cluster.blobDirectory());
    Path report = directory.resolve("report.jsonl");
    Node killed = cluster.leader();
    AssetClient other = new AssetClient(List.of(cluster.follower()), 0, Duration.ofSeconds(20));

    ImportProcess.Result first;
    try (ImportProcess process =
        ImportProcess.start(
            database, cluster.nodes(), directory.resolve("first.json"), "--report=" + report)) {
      await("some are imported")
          .atMost(IMPORT_MAX)
          .pollInterval(Duration.ofMillis(5))
          .until(() -> Files.exists(report) && Files.size(report) > 0);
      cluster.kill(killed);
      first = process.await(IMPORT_MAX);
    }

    assertThat(first.exitCode()).as(first.output()).isZero();
    assertThat(first.count("assets", "imported"))
        .as("each counted once, however often its batch was sent")
        .isEqualTo(OLD.assets());
    assertThat(first.count("leases", "imported")).isEqualTo(OLD.leases());
    assertThat(Files.readAllLines(report)).hasSize(OLD.assets() + OLD.leases());
    cluster.start(killed);
    List<Asset> imported = other.listAll();
    assertWhole(imported);

    ImportProcess.Result second;
    try (ImportProcess process =
        ImportProcess.start(database, cluster.nodes(), directory.resolve("second.json"))) {
      second = process.await(IMPORT_MAX);
    }
    assertThat(second.exitCode()).as(second.output()).isZero();
    assertThat(second.count("assets", "unchanged")).isEqualTo(OLD.assets());
    assertThat(second.count("leases", "unchanged")).isEqualTo(OLD.leases());
    assertThat(other.listAll()).isEqualTo(imported);
    cluster.awaitReady();
    cluster.assertReplicasEqual();
  }

  private static void assertWhole(List<Asset> imported) {
    Map<String, Asset> byId =
        imported.stream().collect(Collectors.toMap(Asset::getId, Function.identity()));
    assertThat(byId).hasSize(OLD.assets());
    for (int i = 0; i < OLD.assets(); i++) {
      String id = OldDaemonData.id(i);
      Asset asset = Objects.requireNonNull(byId.get(id), id);
      assertThat(asset.getLabelsCount()).as(asset.getId()).isEqualTo(4);
      assertThat(asset.getReferenceCount()).as(asset.getId()).isEqualTo(i < OLD.leases() ? 1 : 0);
    }
  }
}
