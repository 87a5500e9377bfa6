package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.network.Namespaces;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nodes on hosts of their own, whose network is parted. */
@Tag("cluster")
@Timeout(300)
final class PartitionTest {
  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void aLeaderThatIsCutOffIsReplacedAndFollowsOnceItIsBack() {
    assumeThat(Namespaces.missing()).as("what this machine lacks").isEmpty();
    Namespaces network = Namespaces.create();
    TestCluster cluster = clusters.start(3, options -> options.withNetwork(network));
    Node leader = cluster.leader();
    List<String> others =
        cluster.nodes().stream().filter(n -> !n.equals(leader)).map(Node::id).toList();
    network.part(List.of(leader.id()), others);
    await("another leader")
        .atMost(Duration.ofSeconds(30))
        .until(() -> !cluster.awaitLeader().equals(leader));
    network.heal();
    cluster.awaitCaughtUp();
    assertThat(cluster.leader()).isNotEqualTo(leader);
    cluster.assertReplicasEqual();
  }
}
