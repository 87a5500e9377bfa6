package dev.assetmanagerd.clustertests.bench;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.GrpcLeaseClient;
import dev.assetmanagerd.clustertests.client.LeaseAudit;
import dev.assetmanagerd.clustertests.client.LeaseLedger;
import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How long writes stay away when the leader is killed under load, again and again. */
final class FailoverBench {
  private static final int LOOPS = 64;
  private static final Duration BACK_MAX = Duration.ofSeconds(60);

  private final BenchOptions options;
  private final Report report;

  FailoverBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() {
    report.heading("Leader killed with SIGKILL under " + LOOPS + " Acquire/Release loops");
    ClusterOptions cluster3 =
        ClusterOptions.of(3, options.directory().resolve("failover"))
            .withJvm(options.jvmArguments());
    try (TestCluster cluster = TestCluster.start(cluster3)) {
      List<String> assets = SampleAssets.create(cluster.leader(), "failover", LOOPS);
      List<Double> gaps = new ArrayList<>();
      List<LeaseLedger> ledgers;
      try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets)) {
        loops.start();
        for (int kill = 0; kill < options.kills(); kill++) {
          awaitMore(loops);
          gaps.add(killLeader(cluster, loops).toMillis() / 1e3);
        }
        awaitMore(loops);
        ledgers = loops.stop();
      }
      cluster.awaitCaughtUp();
      List<String> broken =
          LeaseAudit.check(new GrpcLeaseClient(cluster.follower()::channel), ledgers);
      cluster.assertReplicasEqual();
      report.line("Writes back after, seconds: %s; median %.2f.", gaps, new Spread(gaps).median());
      report.line("%s.", LeaseAudit.summary(ledgers));
      report.line("Broken promises: %s. All replicas equal by state hash.", broken);
    }
  }

  private static Duration killLeader(TestCluster cluster, LeaseLoops loops) {
    Node leader = cluster.leader();
    long killed = System.nanoTime();
    cluster.kill(leader);
    Duration gap = loops.awaitAckAfter(killed, BACK_MAX);
    cluster.start(leader);
    cluster.awaitCaughtUp();
    return gap;
  }

  private static void awaitMore(LeaseLoops loops) {
    long target = loops.acknowledged() + LOOPS * 20L;
    await("writes flow").atMost(BACK_MAX).until(() -> loops.acknowledged() >= target);
  }
}
