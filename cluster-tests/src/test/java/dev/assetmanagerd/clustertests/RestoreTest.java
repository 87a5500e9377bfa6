package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A majority is destroyed, and the cluster is brought back from its newest backup. */
@Tag("cluster")
@Timeout(400)
final class RestoreTest {
  private static final int ASSETS = 20;
  private static final int INTEGRITY = 8;
  private static final int FAILED = 1;
  private static final Pattern STATE_HASH = Pattern.compile("state hash ([0-9a-f]{64})");

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void clusterThatLostItsMajorityIsRestoredFromItsNewestBackup() throws Exception {
    TestCluster cluster =
        clusters.start(
            3,
            options ->
                options
                    .with("BACKUP_LOCATION", "file://" + places(options.directory()))
                    .with("BACKUP_INTERVAL", "0s")
                    .with("GC_ENABLED", "false"));
    Node first = cluster.nodes().get(0);
    AssetClient client = client(cluster);
    List<String> assets = SampleAssets.create(first, "before", ASSETS);
    String blobOfDeleted = SampleAssets.uploadSmall(first, "deleted");
    String deleted = idAt(client, blobOfDeleted);
    List<Lease> leases = acquire(first, assets);

    Ran created = cluster.run(first, "backup", "create", "--endpoint=" + first.apiAddress());
    assertThat(created.exitCode()).as(created.output()).isZero();
    Path backup = onlyFile(cluster.blobDirectory().resolveSibling("backups"));

    // What comes later is lost with the majority, but for the blobs that the backup refers to.
    client.call(stub -> stub.deleteAsset(DeleteAssetRequest.newBuilder().setId(deleted).build()));
    SampleAssets.create(first, "after", 2);
    await("the asset is gone")
        .atMost(Duration.ofSeconds(20))
        .until(() -> client.list(AssetStatus.ASSET_STATUS_DELETING).isEmpty());
    assertThat(cluster.blobDirectory().resolve(blobOfDeleted)).exists();

    cluster.nodes().forEach(cluster::kill);
    cluster.wipe(first);
    cluster.wipe(cluster.nodes().get(1));
    assertRefusals(cluster, backup);

    long started = System.nanoTime();
    String hash = restore(cluster, first, backup);
    assertThat(restore(cluster, cluster.nodes().get(1), backup)).isEqualTo(hash);
    cluster.start(first);
    cluster.start(cluster.nodes().get(1));
    cluster.awaitReady();
    SampleAssets.create(first, "again", 1);
    System.out.println(
        "restored from the backup to the first write in "
            + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started)
            + " ms");

    assertThat(ids(client))
        .containsAll(assets)
        .contains(deleted, "again-0")
        .doesNotContain("after-0");
    assertThat(client.listAll())
        .as("every one with its blob")
        .allMatch(asset -> Files.exists(cluster.blobDirectory().resolve(asset.getLocation())));
    assertThat(held(first)).as("leases").isEqualTo(leaseIds(leases));

    // The node that was left of the old cluster is not let in,
    Node old = cluster.nodes().get(2);
    cluster.start(old);
    assertThat(staysOut(old)).isTrue();
    cluster.kill(old);
    // until it is restored as the others were.
    cluster.wipe(old);
    assertThat(restore(cluster, old, backup)).isEqualTo(hash);
    cluster.start(old);
    cluster.awaitReady();
    cluster.assertReplicasEqual();
  }

  /** Not ready for a while in which one that belongs to the cluster would long be. */
  private static boolean staysOut(Node node) {
    await("the old node runs for a while without getting ready")
        .during(Duration.ofSeconds(4))
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(200))
        .until(() -> !node.isReady());
    return !node.isReady();
  }

  private static void assertRefusals(TestCluster cluster, Path backup) throws IOException {
    Node first = cluster.nodes().get(0);
    byte[] bytes = Files.readAllBytes(backup);
    Path truncated = backup.resolveSibling("truncated.tar.gz");
    Files.write(truncated, Arrays.copyOf(bytes, bytes.length / 2));
    Ran cut = cluster.run(first, "backup", "restore", truncated.toString());
    assertThat(cut.exitCode()).as(cut.output()).isEqualTo(INTEGRITY);
    assertThat(cut.output())
        .contains("the backup is truncated: it ends after " + bytes.length / 2 + " bytes");
    Files.delete(truncated);
    Node old = cluster.nodes().get(2);
    Ran full = cluster.run(old, "backup", "restore", backup.toString());
    assertThat(full.exitCode()).as(full.output()).isEqualTo(FAILED);
    assertThat(full.output()).contains("is not empty");
  }

  /** Returns the state hash of what was restored. */
  private static String restore(TestCluster cluster, Node node, Path backup) {
    Ran restored = cluster.run(node, "backup", "restore", "--check-blobs", "file://" + backup);
    assertThat(restored.exitCode()).as(restored.output()).isZero();
    Matcher hash = STATE_HASH.matcher(restored.output());
    assertThat(hash.find()).as(restored.output()).isTrue();
    return hash.group(1);
  }

  private static Path places(Path directory) {
    try {
      return Files.createDirectories(directory.resolve("backups"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path onlyFile(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      return all.get(0);
    }
  }

  private static AssetClient client(TestCluster cluster) {
    return new AssetClient(cluster.nodes(), 0, Duration.ofSeconds(20));
  }

  private static String idAt(AssetClient client, String location) throws Exception {
    return client.listAll().stream()
        .filter(asset -> asset.getLocation().equals(location))
        .map(Asset::getId)
        .findFirst()
        .orElseThrow();
  }

  private static Set<String> ids(AssetClient client) throws Exception {
    return client.listAll().stream().map(Asset::getId).collect(Collectors.toSet());
  }

  private static List<Lease> acquire(Node node, List<String> assets) {
    return leases(node)
        .acquireLeases(
            AcquireLeasesRequest.newBuilder()
                .addAllAssetIds(assets)
                .setAcquiredBy("vm")
                .setTtlSeconds(3600)
                .build())
        .getLeasesList();
  }

  private static Set<String> leaseIds(List<Lease> leases) {
    return leases.stream().map(Lease::getId).collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> held(Node node) {
    return leaseIds(
        leases(node)
            .listLeases(ListLeasesRequest.newBuilder().setPageSize(1000).build())
            .getLeasesList());
  }

  private static LeaseServiceGrpc.LeaseServiceBlockingStub leases(Node node) {
    return LeaseServiceGrpc.newBlockingStub(node.channel()).withDeadlineAfter(20, TimeUnit.SECONDS);
  }
}
