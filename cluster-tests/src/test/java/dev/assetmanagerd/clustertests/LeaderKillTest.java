package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.client.GrpcLeaseClient;
import dev.assetmanagerd.clustertests.client.LeaseAudit;
import dev.assetmanagerd.clustertests.client.LeaseLedger;
import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SIGKILL of the leader while 64 clients acquire and release. */
@Tag("cluster")
@Timeout(300)
final class LeaderKillTest {
  private static final int LOOPS = 64;
  private static final int KILLS = 3;
  private static final Duration GAP_MAX = Duration.ofSeconds(30);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void killingLeadersUnderLoadLosesNoAcknowledgedLeaseAndDoublesNone() {
    TestCluster cluster = clusters.start(3);
    List<String> assets = SampleAssets.create(cluster.leader(), "kill", LOOPS);
    List<Duration> gaps = new ArrayList<>();
    List<LeaseLedger> ledgers;
    try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets)) {
      loops.start();
      for (int kill = 0; kill < KILLS; kill++) {
        awaitMore(loops, LOOPS * 5L);
        gaps.add(killLeader(cluster, loops));
      }
      awaitMore(loops, LOOPS * 5L);
      ledgers = loops.stop();
    }
    System.out.println("writes were back after " + gaps);
    System.out.println(LeaseAudit.summary(ledgers));

    cluster.awaitCaughtUp();
    assertThat(LeaseAudit.check(new GrpcLeaseClient(cluster.follower()::channel), ledgers))
        .as("broken promises")
        .isEmpty();
    assertThat(ledgers).allSatisfy(ledger -> assertThat(ledger.slowestCall()).isLessThan(GAP_MAX));
    cluster.assertReplicasEqual();
  }

  /** Kills the leader, waits for writes to come back, and brings the node back. */
  private static Duration killLeader(TestCluster cluster, LeaseLoops loops) {
    Node leader = cluster.leader();
    long killed = System.nanoTime();
    cluster.kill(leader);
    Duration gap = loops.awaitAckAfter(killed, GAP_MAX);
    cluster.start(leader);
    cluster.awaitCaughtUp();
    return gap;
  }

  private static void awaitMore(LeaseLoops loops, long writes) {
    long target = loops.acknowledged() + writes;
    Awaitility.await("writes flow")
        .atMost(Duration.ofSeconds(60))
        .until(() -> loops.acknowledged() >= target);
  }
}
