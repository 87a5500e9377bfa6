package dev.assetmanagerd.clustertests.bench;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Membership;
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
import java.util.Locale;

/**
 * Three nodes become five, one is replaced, leadership is handed over again and again, and they
 * become three, while clients acquire and release: what fails, and how long writes stay away.
 */
final class MembershipBench {
  private static final int LOOPS = 64;
  private static final Duration BACK_MAX = Duration.ofSeconds(60);

  private final BenchOptions options;
  private final Report report;
  private final List<List<String>> rows = new ArrayList<>();

  MembershipBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  private interface Step {
    void take();
  }

  void run() {
    int transfers = options.kills() * 2;
    report.heading("Members change under " + LOOPS + " Acquire/Release loops");
    ClusterOptions three =
        ClusterOptions.of(3, options.directory().resolve("membership"))
            .withJvm(options.jvmArguments());
    try (TestCluster cluster = TestCluster.start(three)) {
      Membership membership = new Membership(cluster);
      List<String> assets = SampleAssets.create(cluster.leader(), "members", LOOPS);
      List<Node> all = new ArrayList<>(cluster.nodes());
      for (String id : List.of("n4", "n5", "n6")) {
        all.add(cluster.addNode(id, "none"));
      }
      List<Double> handovers = new ArrayList<>();
      List<LeaseLedger> ledgers;
      try (LeaseLoops loops = LeaseLoops.persistent(all, assets)) {
        loops.start();
        awaitMore(loops, options.warmUp());
        step(loops, "nothing", () -> awaitMore(loops, Duration.ofSeconds(5)));
        List<Node> joining = all.subList(3, 5);
        for (Node node : joining) {
          cluster.start(node);
          awaitRunning(loops, node);
          step(loops, node.id() + " joins, is promoted", () -> membership.add(node, false));
        }
        step(
            loops,
            transfers + " transfers",
            () -> transfer(membership, loops, transfers, handovers));
        replace(cluster, membership, loops, all.get(5));
        shrink(cluster, membership, loops);
        ledgers = loops.stop();
      }
      conclude(cluster, membership, ledgers, handovers);
    }
  }

  private void replace(
      TestCluster cluster, Membership membership, LeaseLoops loops, Node replacement) {
    Node dead = cluster.follower();
    cluster.start(replacement);
    awaitRunning(loops, replacement);
    step(
        loops,
        "a follower is killed and wiped, and replaced",
        () -> {
          cluster.kill(dead);
          cluster.wipe(dead);
          membership.replace(dead, replacement);
        });
    cluster.forget(dead);
  }

  private void shrink(TestCluster cluster, Membership membership, LeaseLoops loops) {
    Node leader = cluster.leader();
    step(loops, "the leader is removed", () -> remove(cluster, membership, leader));
    Node follower = cluster.follower();
    step(loops, "a follower is removed", () -> remove(cluster, membership, follower));
  }

  private static void remove(TestCluster cluster, Membership membership, Node node) {
    membership.remove(node);
    cluster.awaitStopped(node);
    cluster.forget(node);
  }

  private static void transfer(
      Membership membership, LeaseLoops loops, int transfers, List<Double> handovers) {
    for (int i = 0; i < transfers; i++) {
      awaitMore(
          loops, Duration.ofMillis(500)); // a leader has to have begun before it can hand over
      handovers.add((double) membership.transfer().toMillis());
    }
  }

  private void step(LeaseLoops loops, String name, Step step) {
    var unused = loops.longestGap();
    long begin = System.nanoTime();
    step.take();
    double seconds = (System.nanoTime() - begin) / 1e9;
    awaitMore(loops, Duration.ofSeconds(1));
    long gap = loops.longestGap().toMillis();
    rows.add(List.of(name, String.format(Locale.ROOT, "%.1f", seconds), Long.toString(gap)));
    System.out.println(rows.get(rows.size() - 1));
  }

  private void conclude(
      TestCluster cluster,
      Membership membership,
      List<LeaseLedger> ledgers,
      List<Double> handovers) {
    cluster.awaitCaughtUp();
    List<String> broken =
        LeaseAudit.check(new GrpcLeaseClient(cluster.follower()::channel), ledgers);
    cluster.assertReplicasEqual();
    report.table(List.of("step", "s", "longest time without a write, ms"), rows);
    report.line("Transfers, ms: %s.", new Spread(handovers).text("%.0f"));
    report.line("%s.", LeaseAudit.summary(ledgers));
    report.line(
        "Calls that failed after repeating: %d. Broken promises: %s. Members: %s; equal by state"
            + " hash.",
        ledgers.stream().mapToInt(LeaseLedger::unknownAcquires).sum(), broken, membership.roles());
  }

  /** Until the process of a new node answers: that is no part of changing members. */
  private static void awaitRunning(LeaseLoops loops, Node node) {
    await(node + " waits to be added")
        .atMost(BACK_MAX)
        .pollInterval(Duration.ofMillis(200))
        .until(node::isAnswering);
    awaitMore(loops, Duration.ofSeconds(1));
  }

  private static void awaitMore(LeaseLoops loops, Duration atLeast) {
    long target = loops.acknowledged() + LOOPS * 5L;
    await("writes flow")
        .pollDelay(atLeast)
        .atMost(atLeast.plus(BACK_MAX))
        .until(() -> loops.acknowledged() >= target);
  }
}
