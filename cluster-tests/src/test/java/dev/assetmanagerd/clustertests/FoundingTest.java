package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Silence is not taken for news: neither when a cluster is founded, nor after a disk was lost. */
@Tag("cluster")
@Timeout(400)
final class FoundingTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void foundersWaitForEachOtherAndOneThatLostItsDiskForgetsNoVote() throws Exception {
    TestCluster cluster = clusters.prepare(3);
    List<Node> nodes = cluster.nodes();
    cluster.start(nodes.get(0));
    cluster.start(nodes.get(1));
    for (Node node : nodes.subList(0, 2)) {
      awaitSaid(node, "waits for the other founders of cluster cluster-tests: n3");
      assertThat(node.isReady()).isFalse();
    }
    cluster.start(nodes.get(2));
    cluster.awaitReady();
    SampleAssets.create(cluster.leader(), "acknowledged", 3);

    // All lose power, one its disk, and that one and a single other come back first.
    nodes.forEach(cluster::kill);
    Node wiped = nodes.get(1);
    cluster.wipe(wiped);
    cluster.start(wiped);
    awaitSaid(wiped, "waits for the other founders");
    assertThat(wiped.isRunning()).isTrue();
    cluster.start(nodes.get(0));
    cluster.awaitStopped(wiped);
    assertThat(wiped.logTail(6))
        .contains("cannot start: ", "n2 has, or may have, taken part before");
    assertThat(nodes.get(0).isReady()).as("with its vote alone").isFalse();

    cluster.start(nodes.get(2));
    cluster.awaitReady();
    Ran rebuild = cluster.run(wiped, "node", "rebuild");
    assertThat(rebuild.exitCode()).as(rebuild.output()).isZero();
    cluster.start(wiped);
    cluster.awaitReady();
    cluster.assertReplicasEqual();
  }

  private static void awaitSaid(Node node, String text) {
    await(node + " says: " + text)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> node.logTail(40).contains(text));
  }
}
