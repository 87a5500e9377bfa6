package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.backup.v1.Backup;
import dev.assetmanagerd.backup.v1.BackupServiceGrpc;
import dev.assetmanagerd.backup.v1.CreateBackupRequest;
import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.ProcessMemory;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.clustertests.olddaemon.ImportProcess;
import dev.assetmanagerd.clustertests.olddaemon.OldDaemonData;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Backups of a large registry while others take and give back leases, and the restore of the last:
 * the time each takes, the memory of the node that makes it and of the commands.
 */
final class BackupBench {
  private static final int IN_FLIGHT = 16;

  /** As many as one call may name. */
  private static final int LEASED_ASSETS = 64;

  private static final Duration BASELINE = Duration.ofSeconds(20);
  private static final Duration SETTLE = Duration.ofSeconds(2);
  private static final Duration STEP_MAX = Duration.ofMinutes(20);
  private static final double MIB = 1 << 20;

  private final BenchOptions options;
  private final Report report;

  BackupBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() throws Exception {
    report.heading("backup: a large registry of three nodes, and its restore");
    Path directory = options.directory().resolve("backup");
    Path place = Files.createDirectories(directory.resolve("place"));
    ClusterOptions three =
        ClusterOptions.of(3, directory)
            .withJvm(options.jvmArguments())
            .with("BACKUP_LOCATION", "file://" + place)
            .with("BACKUP_INTERVAL", "0s")
            .with("GC_ENABLED", "false");
    try (TestCluster cluster = TestCluster.start(three)) {
      fill(cluster, directory);
      Backup last = backups(cluster);
      restore(cluster, directory, last);
    }
  }

  /** Assets with blobs of their own are imported, which is the fastest way to have many. */
  private void fill(TestCluster cluster, Path directory) throws Exception {
    OldDaemonData old = options.oldDaemon();
    Path database = directory.resolve("old.db");
    old.writeDatabase(database, Instant.now().getEpochSecond());
    old.writeBlobs(cluster.blobDirectory());
    try (ImportProcess process =
        ImportProcess.start(database, cluster.nodes(), directory.resolve("import.json"))) {
      ImportProcess.Result result = process.await(STEP_MAX);
      if (result.exitCode() != 0) {
        throw new IllegalStateException("the import failed: " + result.output());
      }
    }
    Node node = cluster.awaitLeader();
    List<String> leased = SampleAssets.create(node, "held", LEASED_ASSETS);
    try (Filler filler = new Filler(node)) {
      Duration acquired =
          filler.fill(
              LeaseServiceGrpc.getAcquireLeasesMethod(),
              0,
              options.joinBenchLeases() / LEASED_ASSETS,
              i ->
                  AcquireLeasesRequest.newBuilder()
                      .addAllAssetIds(leased)
                      .setAcquiredBy("bench-fill-" + i)
                      .build());
      report.line(
          "%d assets, %d labels, %d + %d leases, these in %d s",
          old.assets(),
          old.labels(),
          old.leases(),
          options.joinBenchLeases(),
          acquired.toSeconds());
    }
  }

  private Backup backups(TestCluster cluster) {
    Node leader = cluster.awaitLeader();
    List<String> loadAssets = SampleAssets.create(leader, "load", IN_FLIGHT);
    List<List<String>> rows = new ArrayList<>();
    Backup last = Backup.getDefaultInstance();
    try (GrpcLoads loads = new GrpcLoads(List.of(leader.apiAddress()))) {
      Load load = loads.leases(loadAssets);
      var unused = ClosedLoop.run(load, IN_FLIGHT, SETTLE, options.warmUp());
      for (int round = 0; round < options.rounds(); round++) {
        last = backup(leader, load, rows);
      }
    }
    report.table(
        List.of(
            "made, read back and checked after s",
            "file MiB",
            "leader's RSS before MiB",
            "its peak MiB",
            "p50 ms before",
            "p50 ms during",
            "p99 ms before",
            "p99 ms during",
            "p99 × before",
            "calls/s × before",
            "failed"),
        rows);
    return last;
  }

  private static Backup backup(Node leader, Load load, List<List<String>> rows) {
    Measurement before = ClosedLoop.run(load, IN_FLIGHT, SETTLE, BASELINE);
    ProcessMemory memory = new ProcessMemory(leader.pid());
    memory.resetPeak();
    long resident = memory.residentBytes();
    long started = System.nanoTime();
    CompletableFuture<Backup> made = CompletableFuture.supplyAsync(() -> create(leader));
    CompletableFuture<Double> seconds =
        made.thenApply(backup -> (System.nanoTime() - started) / 1e9);
    Measurement during = ClosedLoop.runUntil(load, IN_FLIGHT, Duration.ZERO, made, STEP_MAX);
    Backup backup = made.join();
    double beforeP99 = milliseconds(before, 99);
    rows.add(
        List.of(
            text("%.1f", seconds.join()),
            text("%.0f", backup.getSizeBytes() / MIB),
            text("%.0f", resident / MIB),
            text("%.0f", memory.peakResidentBytes() / MIB),
            text("%.1f", milliseconds(before, 50)),
            text("%.1f", milliseconds(during, 50)),
            text("%.1f", beforeP99),
            text("%.1f", milliseconds(during, 99)),
            text("%.2f", milliseconds(during, 99) / beforeP99),
            text("%.2f", during.callsPerSecond() / before.callsPerSecond()),
            Long.toString(before.failures() + during.failures())));
    return backup;
  }

  private static Backup create(Node leader) {
    return BackupServiceGrpc.newBlockingStub(leader.channel())
        .withDeadlineAfter(STEP_MAX.toSeconds(), TimeUnit.SECONDS)
        .createBackup(CreateBackupRequest.getDefaultInstance())
        .getBackup();
  }

  /** The cluster is lost, and brought back on all hosts, one after the other. */
  private void restore(TestCluster cluster, Path directory, Backup backup) {
    cluster.nodes().forEach(cluster::kill);
    cluster.nodes().forEach(cluster::wipe);
    List<List<String>> rows = new ArrayList<>();
    long started = System.nanoTime();
    for (Node node : cluster.nodes()) {
      MeasuredCommand.Result restored =
          MeasuredCommand.run(
              cluster.environment(node),
              directory.resolve("restore-" + node.id() + ".log"),
              STEP_MAX,
              List.of("backup", "restore", "--check-blobs", backup.getLocation()));
      rows.add(row("backup restore on " + node.id(), restored.seconds(), restored.peakBytes()));
    }
    long starting = System.nanoTime();
    cluster.nodes().forEach(cluster::start);
    cluster.awaitReady();
    var unused = SampleAssets.create(cluster.awaitLeader(), "again", 1);
    rows.add(
        row(
            "all started, to the first write",
            (System.nanoTime() - starting) / 1e9,
            cluster.nodes().stream()
                .mapToLong(node -> new ProcessMemory(node.pid()).peakResidentBytes())
                .max()
                .orElse(0)));
    report.table(List.of("", "seconds", "peak RSS MiB"), rows);
    report.line(
        "from the first command to the first write: %.1f s", (System.nanoTime() - started) / 1e9);
    cluster.assertReplicasEqual();
  }

  private static List<String> row(String name, double seconds, long peakBytes) {
    return List.of(name, text("%.1f", seconds), text("%.0f", peakBytes / MIB));
  }

  private static double milliseconds(Measurement measured, double percentile) {
    return measured.latencies().getValueAtPercentile(percentile) / 1e6;
  }

  private static String text(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
