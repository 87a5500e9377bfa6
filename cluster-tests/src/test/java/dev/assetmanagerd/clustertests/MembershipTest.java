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

/** Nodes come and go while clients acquire and release. */
@Tag("cluster")
@Timeout(300)
final class MembershipTest {
  private static final int LOOPS = 6;
  private static final Duration START_MAX = Duration.ofMinutes(2);
  private static final Duration CALL_MAX = Duration.ofSeconds(20);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void threeNodesBecomeFiveLoseOneAndBecomeThreeAgainWithoutAFailedCall() throws Exception {
    TestCluster cluster = clusters.start(3);
    Membership membership = new Membership(cluster);
    List<String> assets = SampleAssets.create(cluster.leader(), "members", LOOPS);
    Node n4 = cluster.addNode("n4", "voter");
    Node n5 = cluster.addNode("n5", "none");
    Node n6 = cluster.addNode("n6", "none");
    List<LeaseLedger> ledgers;
    try (LeaseLoops loops = LeaseLoops.persistent(cluster.nodes(), assets)) {
      loops.start();
      cluster.start(n4);
      cluster.start(n5);
      awaitRole(membership, "n4 voter");
      awaitMore(loops);

      Awaitility.await().atMost(START_MAX).until(n5::isAnswering);
      assertThat(n5.isReady()).as("ready before it is a member").isFalse();
      assertThat(membership.add(n5, true).getRole()).isEqualTo("listener");
      assertThat(new GrpcLeaseClient(n5::channel).referenceCount(assets.get(0), CALL_MAX))
          .as("read on a listener")
          .isNotNegative();
      assertThat(membership.promote(n5).getRole()).isEqualTo("voter");
      awaitMore(loops);
      assertThat(membership.transfer()).isPositive();

      // One dies with its disk, and is replaced.
      Node dead = cluster.follower();
      cluster.kill(dead);
      cluster.wipe(dead);
      cluster.start(n6);
      Awaitility.await().atMost(START_MAX).until(n6::isAnswering);
      assertThat(membership.replace(dead, n6).getRole()).isEqualTo("voter");
      cluster.forget(dead);
      awaitMore(loops);

      // Two go, the leader first.
      List<Node> leaving = List.of(cluster.leader(), cluster.follower());
      for (Node node : leaving) {
        assertThat(membership.remove(node)).isTrue();
        cluster.awaitStopped(node);
        assertThat(node.logTail(40)).contains(node.id() + " was removed");
      }
      awaitMore(loops);
      ledgers = loops.stop();

      cluster.start(leaving.get(0));
      cluster.awaitStopped(leaving.get(0));
      assertThat(leaving.get(0).logTail(40)).contains("was removed", "CLUSTER_JOIN");
      leaving.forEach(cluster::forget);
    }
    System.out.println(LeaseAudit.summary(ledgers));
    assertThat(membership.roles()).hasSize(3).allMatch(role -> role.endsWith(" voter"));
    cluster.awaitCaughtUp();
    assertThat(LeaseAudit.check(new GrpcLeaseClient(cluster.follower()::channel), ledgers))
        .as("broken promises")
        .isEmpty();
    assertThat(ledgers).allSatisfy(l -> assertThat(l.unknownAcquires()).isZero());
    cluster.assertReplicasEqual();
  }

  private static void awaitRole(Membership membership, String role) {
    Awaitility.await(role)
        .atMost(START_MAX)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> membership.roles().contains(role));
  }

  private static void awaitMore(LeaseLoops loops) {
    long target = loops.acknowledged() + LOOPS * 5L;
    Awaitility.await("writes flow").atMost(START_MAX).until(() -> loops.acknowledged() >= target);
  }
}
