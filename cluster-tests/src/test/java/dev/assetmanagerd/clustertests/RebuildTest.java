package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.node.v1.NodeStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node whose disk has let it down refuses to start, and comes back from the others. */
@Tag("cluster")
@Timeout(900)
final class RebuildTest {
  private static final int LOOPS = 6;
  private static final Duration BACK_MAX = Duration.ofSeconds(60);

  @RegisterExtension final Clusters clusters = new Clusters();

  private interface Damage {
    void to(NodeFiles files) throws Exception;
  }

  private record Case(String refusal, Damage damage) {}

  private static Map<String, Case> cases() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put(
        "the last segment of the log is torn",
        new Case("its end is lost", files -> files.cutInHalf(files.openSegment())));
    cases.put(
        "a bit of a closed segment has flipped",
        new Case("cannot be read behind entry", files -> files.flipABit(files.closedSegment())));
    cases.put(
        "a page of the registry is spoilt",
        new Case("the registry is damaged", NodeFiles::spoilPages));
    cases.put(
        "a bit of the snapshot has flipped",
        new Case("has MD5", files -> files.flipABit(files.snapshot())));
    cases.put(
        "the Raft directory is missing",
        new Case("is missing or empty", files -> files.delete(files.raft())));
    cases.put(
        "the whole data directory is missing",
        new Case("may have, taken part before", NodeFiles::deleteAll));
    cases.put(
        "the directory is another cluster's",
        new Case(
            "belongs to cluster id \"elsewhere\"",
            files -> files.replaceIn(files.marker(), "cluster-tests", "elsewhere")));
    return cases;
  }

  @Test
  void whateverIsDamagedTheNodeSaysSoAndARebuildBringsItBack() throws Exception {
    TestCluster cluster = clusters.start(3, options -> options.with("SNAPSHOT_THRESHOLD", "150"));
    Membership membership = new Membership(cluster);
    List<String> assets = SampleAssets.create(cluster.leader(), "rebuild", LOOPS);
    try (LeaseLoops loops = LeaseLoops.persistent(cluster.nodes(), assets)) {
      loops.start();
      for (Map.Entry<String, Case> damaged : cases().entrySet()) {
        Node victim = cluster.follower();
        awaitSegments(cluster, victim, loops);
        cluster.kill(victim);
        damaged.getValue().damage().to(new NodeFiles(victim));

        assertRefused(cluster, victim, damaged.getKey(), damaged.getValue().refusal());
        Ran rebuild = cluster.run(victim, "node", "rebuild");
        assertThat(rebuild.exitCode()).as("%s: %s", damaged.getKey(), rebuild.output()).isZero();
        assertThat(membership.roles()).as("members").doesNotContain(victim.id() + " voter");
        cluster.start(victim);
        await(victim + " votes again after: " + damaged.getKey())
            .atMost(BACK_MAX)
            .pollInterval(Duration.ofMillis(200))
            .until(() -> membership.roles().contains(victim.id() + " voter") && victim.isReady());
      }
      var unused = loops.stop();
    }
    cluster.assertReplicasEqual();
  }

  @Test
  void withoutAMajorityOfTheOthersNothingIsDone() throws Exception {
    TestCluster cluster = clusters.start(3);
    Node victim = cluster.follower();
    Node other = cluster.leader();
    cluster.kill(victim);
    cluster.kill(other);
    NodeFiles files = new NodeFiles(victim);

    Ran rebuild = cluster.run(victim, "node", "rebuild");

    assertThat(rebuild.exitCode()).isEqualTo(1);
    assertThat(rebuild.output()).contains("not rebuilt: the cluster did not answer");
    assertThat(files.database()).as("untouched").isRegularFile();
    assertThat(files.marker()).isRegularFile();
    cluster.start(victim);
    cluster.awaitLeader();
  }

  @Test
  void aNodeThatRunsIsNotRebuilt() {
    TestCluster cluster = clusters.start(3);
    Node running = cluster.follower();
    Ran rebuild = cluster.run(running, "node", "rebuild");
    assertThat(rebuild.exitCode()).isEqualTo(1);
    assertThat(rebuild.output()).contains("is in use");
    assertThat(new Membership(cluster).roles()).contains(running.id() + " voter");
  }

  @Test
  void aWrongNodeIdDoesNotEndTheMembershipOfOneThatRuns() {
    TestCluster cluster = clusters.start(3);
    Node leader = cluster.leader();
    Node stopped = cluster.follower();
    Node running =
        cluster.nodes().stream()
            .filter(node -> !node.equals(leader) && !node.equals(stopped))
            .findFirst()
            .orElseThrow();
    cluster.stop(stopped);
    for (Node wrong : List.of(leader, running)) {
      Map<String, String> asOnItsHost =
          Map.of("NODE_ID", wrong.id(), "PORT", Integer.toString(wrong.apiPort()));
      Ran rebuild = cluster.run(stopped, asOnItsHost, "node", "rebuild");
      assertThat(rebuild.exitCode()).as(rebuild.output()).isEqualTo(1);
      assertThat(rebuild.output()).contains("not rebuilt: ", "NODE_ID");
    }
    assertThat(new Membership(cluster).roles()).contains(leader.id() + " voter").hasSize(3);
    cluster.start(stopped);
    cluster.awaitReady();
  }

  private static void assertRefused(TestCluster cluster, Node node, String what, String reason) {
    cluster.start(node);
    cluster.awaitStopped(node);
    assertThat(node.requireProcess().exitCode()).as(what).isEqualTo(1);
    assertThat(node.logTail(6)).as(what).contains("cannot start: ").contains(reason);
  }

  /**
   * A closed segment, an open one with something in it, and a snapshot behind which entries are.
   */
  private static void awaitSegments(TestCluster cluster, Node node, LeaseLoops loops) {
    await(node + " has a log in segments and a snapshot")
        .atMost(BACK_MAX)
        .pollInterval(Duration.ofMillis(100))
        .until(
            () ->
                loops.acknowledged() > 0
                    && hasFiles(node)
                    && status(cluster, node).getSnapshotIndex() > 0
                    && status(cluster, node).getAppliedIndex()
                        > status(cluster, node).getSnapshotIndex() + 20);
  }

  private static boolean hasFiles(Node node) {
    NodeFiles files = new NodeFiles(node);
    try {
      return List.<Path>of(files.closedSegment(), files.openSegment(), files.snapshot()).size()
          == 3;
    } catch (java.io.IOException | java.io.UncheckedIOException | IllegalStateException notYet) {
      return false;
    }
  }

  private static NodeStatus status(TestCluster cluster, Node node) {
    return cluster.statuses(false).stream()
        .filter(status -> status.getNodeId().equals(node.id()))
        .findFirst()
        .orElse(NodeStatus.getDefaultInstance());
  }
}
