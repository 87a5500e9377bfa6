package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.cluster.v1.CheckClusterRequest;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import dev.assetmanagerd.cluster.v1.CheckedReplica;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A replica that is not what the others are is found, and kept from answering anybody. */
@Tag("cluster")
@Timeout(180)
final class ReplicaCheckTest {
  private static final int LOOPS = 4;

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void aReplicaThatWasTamperedWithIsFoundUnderLoadAndComesBackFromTheOthers() throws SQLException {
    TestCluster cluster = clusters.start(3);
    List<String> assets = SampleAssets.create(cluster.leader(), "tampered", LOOPS + 1);
    try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets.subList(0, LOOPS))) {
      loops.start();
      Node victim = cluster.follower();
      assertThat(check(victim).getVerdict())
          .as("asked on a follower, under load")
          .isEqualTo(Verdict.VERDICT_EQUAL);

      cluster.stop(victim);
      tamper(victim, assets.get(LOOPS));
      cluster.start(victim);
      cluster.awaitReady();
      CheckClusterResponse found = check(cluster.leader());

      assertThat(found.getVerdict()).as("%s", found).isEqualTo(Verdict.VERDICT_DEVIATING);
      assertThat(found.getReplicasList())
          .filteredOn(CheckedReplica::getDeviates)
          .extracting(CheckedReplica::getNodeId)
          .containsExactly(victim.id());
      cluster.awaitStopped(victim);
      assertThat(victim.requireProcess().exitCode()).isEqualTo(1);
      assertThat(victim.logTail(200)).contains("REPLICA DIFFERS", "differs from the majority's");

      long acknowledged = loops.acknowledged();
      await("the others go on")
          .atMost(Duration.ofSeconds(30))
          .until(() -> loops.acknowledged() > acknowledged + 50);
      cluster.start(victim);
      Membership membership = new Membership(cluster);
      await("it is rebuilt and votes again")
          .atMost(Duration.ofSeconds(60))
          .until(() -> membership.roles().contains(victim.id() + " voter") && victim.isReady());
      assertThat(victim.logTail(200)).contains("this node is rebuilt from the others, because");
      var unused = loops.stop();
    }
    cluster.assertReplicasEqual();
    assertThat(check(cluster.leader()).getVerdict()).isEqualTo(Verdict.VERDICT_EQUAL);
  }

  /** Once the new cluster has come to the level at which replicas can be compared. */
  private static CheckClusterResponse check(Node node) {
    return await("the replicas are compared")
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsMatching(
            failure ->
                failure instanceof StatusRuntimeException
                    && String.valueOf(failure.getMessage()).contains("cluster upgrade"))
        .until(
            () ->
                ClusterServiceGrpc.newBlockingStub(node.channel())
                    .withDeadlineAfter(40, TimeUnit.SECONDS)
                    .checkCluster(CheckClusterRequest.getDefaultInstance()),
            response -> true);
  }

  /** Changes what no check of pages and references can notice. */
  private static void tamper(Node stopped, String asset) throws SQLException {
    Path database = stopped.dataDirectory().resolve("db").resolve("registry.db");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        PreparedStatement update =
            connection.prepareStatement("UPDATE assets SET name = name || '!' WHERE id = ?")) {
      update.setString(1, asset);
      assertThat(update.executeUpdate()).isEqualTo(1);
    }
  }
}
