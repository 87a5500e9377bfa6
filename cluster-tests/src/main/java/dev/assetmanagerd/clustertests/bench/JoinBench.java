package dev.assetmanagerd.clustertests.bench;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Membership;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** An empty node joins a cluster with many leases, while others take and give back leases. */
final class JoinBench {
  private static final int IN_FLIGHT = 16;

  /** As many as one call may name. */
  private static final int ASSETS = 64;

  private static final Duration BASELINE = Duration.ofSeconds(20);
  private static final Duration SETTLE = Duration.ofSeconds(2);
  private static final Duration JOIN_MAX = Duration.ofMinutes(10);

  private final BenchOptions options;
  private final Report report;

  JoinBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() throws Exception {
    int leases = options.joinBenchLeases();
    report.heading("An empty node joins, three nodes with " + leases + " leases");
    ClusterOptions three =
        ClusterOptions.of(3, options.directory().resolve("join"))
            .withJvm(options.jvmArguments())
            .with("GC_ENABLED", "false");
    List<List<String>> rows = new ArrayList<>();
    try (TestCluster cluster = TestCluster.start(three)) {
      Node away = cluster.follower();
      cluster.stop(away);
      fill(cluster, leases);
      comeBack(cluster, away);
      List<String> loadAssets = SampleAssets.create(cluster.leader(), "load", IN_FLIGHT);
      try (GrpcLoads loads = new GrpcLoads(List.of(cluster.leader().apiAddress()))) {
        Load load = loads.leases(loadAssets);
        var unused = ClosedLoop.run(load, IN_FLIGHT, SETTLE, options.warmUp());
        for (int round = 0; round < options.rounds(); round++) {
          rows.add(round(cluster, load, "j" + round));
        }
      }
      cluster.assertReplicasEqual();
    }
    report.table(
        List.of(
            "node",
            "its process up after s",
            "caught up after s",
            "p50 ms before",
            "p50 ms during",
            "p99 ms before",
            "p99 ms during",
            "p99 × during",
            "calls/s × during",
            "failed"),
        rows);
  }

  /** Leases in batches, each of which takes one lease on every asset. */
  private void fill(TestCluster cluster, int leases) throws InterruptedException {
    List<String> assets = SampleAssets.create(cluster.leader(), "held", ASSETS);
    try (Filler filler = new Filler(cluster.leader())) {
      Duration held =
          filler.fill(
              LeaseServiceGrpc.getAcquireLeasesMethod(),
              0,
              leases / ASSETS,
              i ->
                  AcquireLeasesRequest.newBuilder()
                      .addAllAssetIds(assets)
                      .setAcquiredBy("bench-fill-" + i)
                      .build());
      report.line("filled with %d leases in %d s", leases, held.toSeconds());
    }
  }

  /** A member that missed all of it reads the log, the others having kept enough. */
  private void comeBack(TestCluster cluster, Node away) {
    long started = System.nanoTime();
    cluster.start(away);
    cluster.awaitCaughtUp();
    report.line(
        "a member that was away meanwhile had caught up %.1f s after its start",
        (System.nanoTime() - started) / 1e9);
  }

  private List<String> round(TestCluster cluster, Load load, String id) {
    Membership membership = new Membership(cluster);
    Measurement before = ClosedLoop.run(load, IN_FLIGHT, SETTLE, BASELINE);
    Node node = cluster.addNode(id, "none");
    long started = System.nanoTime();
    CompletableFuture<double[]> joined =
        CompletableFuture.supplyAsync(
            () -> {
              cluster.start(node);
              await(node + " waits to be added")
                  .atMost(JOIN_MAX)
                  .pollInterval(Duration.ofMillis(50))
                  .until(node::isAnswering);
              double up = (System.nanoTime() - started) / 1e9;
              membership.add(node, true);
              return new double[] {up, (System.nanoTime() - started) / 1e9};
            });
    Measurement during = ClosedLoop.runUntil(load, IN_FLIGHT, Duration.ZERO, joined, JOIN_MAX);
    double[] seconds = joined.join();
    double beforeP99 = milliseconds(before, 99);
    return List.of(
        id,
        text("%.1f", seconds[0]),
        text("%.1f", seconds[1]),
        text("%.1f", milliseconds(before, 50)),
        text("%.1f", milliseconds(during, 50)),
        text("%.1f", beforeP99),
        text("%.1f", milliseconds(during, 99)),
        text("%.2f", milliseconds(during, 99) / beforeP99),
        text("%.2f", during.callsPerSecond() / before.callsPerSecond()),
        Long.toString(before.failures() + during.failures()));
  }

  private static double milliseconds(Measurement measured, double percentile) {
    return measured.latencies().getValueAtPercentile(percentile) / 1e6;
  }

  private static String text(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
