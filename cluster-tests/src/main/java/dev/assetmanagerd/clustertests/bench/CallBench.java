package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Benchmark A: leases taken and given back, and assets read, on three nodes of one machine, beside
 * the same load on one node and the same number of puts into etcd. All of them run at once, idle
 * but for the one whose turn it is.
 */
final class CallBench {
  private static final List<Integer> WRITES_IN_FLIGHT = List.of(1, 16, 128, 512);
  private static final List<Integer> READS_IN_FLIGHT = List.of(1, 16, 128);
  private static final int CALLERS_MAX = 512;

  /** About what one lease adds to the log. */
  private static final int ETCD_VALUE_BYTES = 110;

  private final BenchOptions options;
  private final Report report;

  CallBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() {
    Optional<Path> etcdBinary = EtcdCluster.binary();
    try (TestCluster three = start(3, "three");
        TestCluster one = start(1, "one");
        Yardstick etcd = Yardstick.start(etcdBinary, options.directory().resolve("etcd"))) {
      report.heading("A: calls, three nodes on one machine, log fsync on");
      report.line(
          "%d rounds, turns of %d s, each load warmed up for %d s.",
          options.rounds(), options.measured().toSeconds(), options.warmUp().toSeconds());
      report.line("%s.", etcd.description());
      writes(three, one, etcd);
      reads(three, one, etcd);
    }
  }

  private TestCluster start(int nodes, String name) {
    return TestCluster.start(
        ClusterOptions.of(nodes, options.directory().resolve(name))
            .withJvm(options.jvmArguments()));
  }

  private void writes(TestCluster three, TestCluster one, Yardstick etcd) {
    List<String> assets3 = SampleAssets.create(three.leader(), "bench", CALLERS_MAX);
    List<String> assets1 = SampleAssets.create(one.leader(), "bench", CALLERS_MAX);
    List<String> all = three.nodes().stream().map(Node::apiAddress).toList();
    List<String> leader3 = List.of(three.leader().apiAddress());
    List<String> leader1 = List.of(one.leader().apiAddress());
    try (GrpcLoads grpc3 = new GrpcLoads(leader3);
        GrpcLoads spread3 = new GrpcLoads(all);
        GrpcLoads grpc1 = new GrpcLoads(leader1);
        ConnectLoads json3 = new ConnectLoads(leader3);
        ConnectLoads json1 = new ConnectLoads(leader1)) {
      Contender grpcOnThree = new Contender("3 nodes, gRPC", grpc3.leases(assets3), three);
      Contender grpcOnOne = new Contender("1 node, gRPC", grpc1.leases(assets1), one);
      Contender jsonOnThree = new Contender("3 nodes, JSON", json3.leases(assets3), three);
      Contender jsonOnOne = new Contender("1 node, JSON", json1.leases(assets1), one);
      Contender spread = new Contender("3 nodes, gRPC to all", spread3.leases(assets3), three);
      List<Contender> contenders =
          new ArrayList<>(List.of(grpcOnThree, grpcOnOne, jsonOnThree, jsonOnOne, spread));
      Contender puts = etcd.contender(loads -> loads.etcdPuts(CALLERS_MAX, ETCD_VALUE_BYTES));
      if (puts != null) {
        contenders.add(1, puts);
      }
      takeTurns(contenders, WRITES_IN_FLIGHT);
      report.heading("A: Acquire + Release (each counts as one call)");
      table(
          WRITES_IN_FLIGHT,
          contenders,
          c -> c == grpcOnThree || c == spread ? grpcOnOne : c == jsonOnThree ? jsonOnOne : null,
          puts);
    }
  }

  private void reads(TestCluster three, TestCluster one, Yardstick etcd) {
    List<String> assets3 = SampleAssets.create(three.leader(), "read", CALLERS_MAX);
    List<String> assets1 = SampleAssets.create(one.leader(), "read", CALLERS_MAX);
    try (GrpcLoads leader = new GrpcLoads(List.of(three.leader().apiAddress()));
        GrpcLoads follower = new GrpcLoads(List.of(three.follower().apiAddress()));
        GrpcLoads single = new GrpcLoads(List.of(one.leader().apiAddress()))) {
      Contender onLeader = new Contender("leader of 3", leader.reads(assets3), null);
      Contender onFollower = new Contender("follower of 3", follower.reads(assets3), null);
      Contender onOne = new Contender("1 node", single.reads(assets1), null);
      List<Contender> contenders = new ArrayList<>(List.of(onLeader, onFollower, onOne));
      Contender ranges = etcd.contender(loads -> loads.etcdReads(CALLERS_MAX));
      if (ranges != null) {
        contenders.add(ranges);
      }
      takeTurns(contenders, READS_IN_FLIGHT);
      report.heading("A: GetAsset, linearizable, gRPC");
      table(
          READS_IN_FLIGHT,
          contenders,
          c -> c == onLeader || c == onFollower ? onOne : null,
          ranges);
    }
  }

  private void takeTurns(List<Contender> contenders, List<Integer> concurrencies) {
    for (Contender contender : contenders) {
      var unused = ClosedLoop.run(contender.load(), 128, options.settle(), options.warmUp());
      report.line("warmed up: %s, %.0f calls/s", contender.name(), unused.callsPerSecond());
    }
    for (int round = 0; round < options.rounds(); round++) {
      for (int inFlight : concurrencies) {
        for (Contender contender : contenders) {
          contender.takeTurn(inFlight, options);
        }
      }
    }
  }

  /** Says which contender another one is compared with. */
  private interface Baseline {
    @Nullable Contender of(Contender contender);
  }

  private void table(
      List<Integer> concurrencies,
      List<Contender> contenders,
      Baseline baseline,
      @Nullable Contender etcd) {
    List<List<String>> rows = new ArrayList<>();
    for (int inFlight : concurrencies) {
      for (Contender contender : contenders) {
        Contender.Results results = contender.at(inFlight);
        rows.add(
            List.of(
                Integer.toString(inFlight),
                contender.name(),
                results.callsPerSecond().text("%.0f"),
                number("%.2f", results.latencyMs(50)),
                number("%.2f", results.latencyMs(99)),
                number("%.3f", results.entriesPerCommand()),
                number("%.3f", results.transactionsPerCommand()),
                ratio(results, baseline.of(contender), inFlight),
                contender == etcd ? "-" : ratio(results, etcd, inFlight),
                Long.toString(results.failures())));
      }
    }
    report.table(
        List.of(
            "in flight",
            "what",
            "calls/s",
            "p50 ms",
            "p99 ms",
            "entries/command",
            "transactions/command",
            "× 1 node",
            "× etcd",
            "failed"),
        rows);
  }

  private static String ratio(Contender.Results results, @Nullable Contender other, int inFlight) {
    return other == null
        ? "-"
        : results.callsPerSecond().over(other.at(inFlight).callsPerSecond()).text("%.2f");
  }

  private static String number(String format, double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
  }
}
