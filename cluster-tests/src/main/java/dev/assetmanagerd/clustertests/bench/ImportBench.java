package dev.assetmanagerd.clustertests.bench;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.ProcessMemory;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.olddaemon.ImportProcess;
import dev.assetmanagerd.clustertests.olddaemon.OldDaemonData;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The database of a single-node daemon of the documented size into three nodes: a dry run, the
 * import, and the import again, with the time each takes and the memory of the command and of the
 * nodes. What the registry holds after the second is compared with what it held after the first.
 */
final class ImportBench {
  private static final Duration RUN_MAX = Duration.ofMinutes(30);
  private static final Duration CALL_MAX = Duration.ofSeconds(30);
  private static final double MIB = 1 << 20;

  private final BenchOptions options;
  private final Report report;

  ImportBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() throws Exception {
    OldDaemonData old = options.oldDaemon();
    report.heading("import: the database of a single-node daemon into three nodes");
    ClusterOptions three =
        ClusterOptions.of(3, options.directory().resolve("import"))
            .withJvm(options.jvmArguments())
            .with("GC_ENABLED", "false");
    List<List<String>> rows = new ArrayList<>();
    try (TestCluster cluster = TestCluster.start(three)) {
      Path database = options.directory().resolve("assets.db");
      old.writeDatabase(database, Instant.now().getEpochSecond());
      old.writeBlobs(cluster.blobDirectory());
      report.line(
          "%d assets, %d labels, %d leases; the file has %.0f MiB; a blob of its own for each asset.",
          old.assets(), old.labels(), old.leases(), Files.size(database) / MIB);
      rows.add(run(cluster, database, "dry run", "--dry-run"));
      rows.add(run(cluster, database, "import"));
      cluster.assertReplicasEqual();
      String first = content(cluster.leader());
      rows.add(run(cluster, database, "again"));
      cluster.assertReplicasEqual();
      String second = content(cluster.leader());
      report.table(
          List.of(
              "",
              "seconds",
              "assets and leases/s",
              "imported",
              "unchanged",
              "skipped",
              "command's peak RSS MiB",
              "nodes' peak RSS MiB"),
          rows);
      report.line(
          "replicas equal after each; all assets and leases the same after the second: %s (%s)",
          first.equals(second) ? "yes" : "NO", first.substring(0, 16));
      if (!first.equals(second)) {
        throw new IllegalStateException("importing again has changed the registry");
      }
    }
  }

  private List<String> run(TestCluster cluster, Path database, String name, String... more) {
    cluster.nodes().forEach(node -> new ProcessMemory(node.pid()).resetPeak());
    Path output = options.directory().resolve(name.replace(' ', '-') + ".json");
    long begin = System.nanoTime();
    ImportProcess.Result result;
    try (ImportProcess process = ImportProcess.start(database, cluster.nodes(), output, more)) {
      result = process.await(RUN_MAX);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    if (result.exitCode() != 0) {
      throw new IllegalStateException(name + " failed: " + result.output());
    }
    long read = result.count("assets", "read") + result.count("leases", "read");
    return List.of(
        name,
        number("%.1f", seconds),
        number("%.0f", read / seconds),
        both(result, "imported"),
        both(result, "unchanged"),
        both(result, "skipped"),
        number("%.0f", result.peakBytes() / MIB),
        String.join(
            " ",
            cluster.nodes().stream()
                .map(node -> new ProcessMemory(node.pid()).peakResidentBytes() / MIB)
                .map(mebibytes -> number("%.0f", mebibytes))
                .toList()));
  }

  private static String both(ImportProcess.Result result, String what) {
    return result.count("assets", what) + " + " + result.count("leases", what);
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  /** A digest of all assets and leases, but for what time has left of these. */
  private static String content(Node node) throws Exception {
    Hasher hasher = Hashing.sha256().newHasher();
    for (Asset asset : new AssetClient(List.of(node), 0, CALL_MAX).listAll()) {
      hasher.putBytes(canonical(asset));
    }
    String token = "";
    do {
      ListLeasesResponse page =
          LeaseServiceGrpc.newBlockingStub(node.channel())
              .withDeadlineAfter(CALL_MAX.toSeconds(), TimeUnit.SECONDS)
              .listLeases(
                  ListLeasesRequest.newBuilder().setPageSize(1000).setPageToken(token).build());
      for (Lease lease : page.getLeasesList()) {
        hasher.putBytes(lease.toBuilder().clearExpiresInMillis().build().toByteArray());
      }
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return hasher.hash().toString();
  }

  /** Labels in order: a map's bytes may come in any. */
  private static byte[] canonical(Asset asset) {
    StringBuilder text = new StringBuilder(asset.toBuilder().clearLabels().build().toString());
    new TreeMap<>(asset.getLabelsMap())
        .forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
