package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.client.LeaseLoops;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.node.v1.NodeStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nodes that lost their disk, and nodes that die while they save or receive a snapshot. */
@Tag("cluster")
@Timeout(300)
final class SnapshotTest {
  private static final int LOOPS = 16;
  private static final int KILLS = 5;
  private static final Duration FLOW_MAX = Duration.ofSeconds(60);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void wipedFollowerIsGivenASnapshotAndEndsEqual() {
    TestCluster cluster = clusters.start(3, options -> options.with("SNAPSHOT_THRESHOLD", "200"));
    Node follower = cluster.follower();
    List<String> assets = SampleAssets.create(cluster.leader(), "wipe", LOOPS);
    try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets)) {
      loops.start();
      awaitSnapshotOn(cluster, cluster.leader(), 400);
      cluster.kill(follower);
      cluster.wipe(follower);
      rebuild(cluster, follower);
      cluster.start(follower);
      awaitSnapshotOn(cluster, follower, 200);
      var unused = loops.stop();
    }
    cluster.assertReplicasEqual();
    assertNothingLeftOver(follower);
  }

  @Test
  void nodeKilledAtAnyMomentOfASnapshotStartsAgainAndEndsEqual() {
    TestCluster cluster = clusters.start(3, options -> options.with("SNAPSHOT_THRESHOLD", "100"));
    Node victim = cluster.follower();
    List<String> assets = SampleAssets.create(cluster.leader(), "mid", LOOPS);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    System.out.println("seed " + seed);
    try (LeaseLoops loops = new LeaseLoops(cluster.nodes(), assets)) {
      loops.start();
      awaitSnapshotOn(cluster, victim, 100);
      for (int kill = 0; kill < KILLS; kill++) {
        awaitMore(loops, 100 + random.nextInt(400));
        awaitSaving(victim, random.nextInt(2_000));
        cluster.kill(victim);
        if (kill == KILLS / 2) {
          cluster.wipe(victim); // from here on it is being given a snapshot when it dies
          rebuild(cluster, victim);
        }
        cluster.start(victim);
        if (kill != KILLS / 2) {
          cluster.awaitReady();
        }
      }
      cluster.awaitReady();
      var unused = loops.stop();
    }
    cluster.assertReplicasEqual();
    assertNothingLeftOver(victim);
  }

  private static void rebuild(TestCluster cluster, Node node) {
    Ran run = cluster.run(node, "node", "rebuild");
    assertThat(run.exitCode()).as(run.output()).isZero();
  }

  private static void awaitSnapshotOn(TestCluster cluster, Node node, long atLeast) {
    await(node + " has a snapshot of entry " + atLeast + " or later")
        .atMost(FLOW_MAX)
        .until(
            () ->
                cluster.statuses(false).stream()
                    .filter(status -> status.getNodeId().equals(node.id()))
                    .mapToLong(NodeStatus::getSnapshotIndex)
                    .anyMatch(index -> index >= atLeast));
  }

  private static void awaitMore(LeaseLoops loops, long writes) {
    long target = loops.acknowledged() + writes;
    await("writes flow").atMost(FLOW_MAX).until(() -> loops.acknowledged() >= target);
  }

  /** Returns when a temporary file of a snapshot is seen, or after a while all the same. */
  private static void awaitSaving(Node node, int millisMax) {
    long end = System.nanoTime() + Duration.ofMillis(millisMax).toNanos();
    while (System.nanoTime() < end && leftovers(node).isEmpty()) {
      Thread.onSpinWait();
    }
  }

  /** Files of a snapshot that is being saved or received. */
  private static List<Path> leftovers(Node node) {
    try (Stream<Path> files = Files.walk(node.dataDirectory())) {
      return files.filter(path -> isTemporary(path.getFileName().toString())).toList();
    } catch (IOException | java.io.UncheckedIOException vanishedMeanwhile) {
      return List.of();
    }
  }

  private static boolean isTemporary(String name) {
    return name.contains(".tmp") || name.startsWith("snapshot-") || name.endsWith(".corrupt");
  }

  /** A snapshot may just be being saved; that ends. */
  private static void assertNothingLeftOver(Node node) {
    await("no temporary file of a snapshot is left on " + node)
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(leftovers(node)).isEmpty());
  }
}
