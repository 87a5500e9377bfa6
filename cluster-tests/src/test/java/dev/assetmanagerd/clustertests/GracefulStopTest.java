package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.client.GrpcLeaseClient;
import dev.assetmanagerd.clustertests.client.LeaseAudit;
import dev.assetmanagerd.clustertests.client.LeaseLedger;
import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SIGTERM of the leader under load: leadership moves first, and nothing in flight is cut off. */
@Tag("cluster")
@Timeout(180)
final class GracefulStopTest {
  private static final int LOOPS = 16;

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void stoppingTheLeaderUnderLoadLeavesNoOutcomeUnknown() {
    TestCluster cluster = clusters.start(3);
    Node leader = cluster.leader();
    List<String> assets = SampleAssets.create(leader, "stop", LOOPS);
    List<LeaseLedger> ledgers;
    try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets)) {
      loops.start();
      awaitMore(loops, LOOPS * 20L);
      cluster.terminate(leader);
      Duration gap = loops.awaitAckAfter(System.nanoTime(), Duration.ofSeconds(30));
      cluster.awaitStopped(leader);
      System.out.println("writes went on after " + gap);
      awaitMore(loops, LOOPS * 20L);
      ledgers = loops.stop();
    }
    System.out.println(LeaseAudit.summary(ledgers));

    assertThat(cluster.awaitLeader()).isNotEqualTo(leader);
    assertThat(LeaseAudit.check(new GrpcLeaseClient(cluster.leader()::channel), ledgers))
        .as("broken promises")
        .isEmpty();
    assertThat(ledgers)
        .allSatisfy(
            ledger ->
                assertThat(ledger.unknownAcquires()).as("unknown outcomes: %s", ledger).isZero());
    cluster.start(leader);
    cluster.awaitReady();
    cluster.assertReplicasEqual();
  }

  private static void awaitMore(LeaseLoops loops, long writes) {
    long target = loops.acknowledged() + writes;
    Awaitility.await("writes flow")
        .atMost(Duration.ofSeconds(60))
        .until(() -> loops.acknowledged() >= target);
  }
}
