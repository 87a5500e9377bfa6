package dev.assetmanagerd.raft;

import static dev.assetmanagerd.raft.TestCluster.millis;
import static dev.assetmanagerd.raft.TestCluster.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class ThreeNodesTest {
  @TempDir Path root;

  @Test
  void whatIsWrittenThroughAnyNodeIsReadOnEveryNodeAtOnce() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      cluster.awaitLeader();
      for (int round = 0; round < 20; round++) {
        for (String writer : cluster.ids()) {
          String asset = "a-" + writer + "-" + round;
          Committed committed = cluster.propose(writer, TestCommands.register(asset));
          assertThat(committed.outcome().hasAssetRegistered()).isTrue();
          for (String reader : cluster.ids()) {
            assertThat(cluster.readsLinearizably(reader, asset))
                .as("%s, written through %s, read on %s", asset, writer, reader)
                .isTrue();
          }
        }
      }
      cluster.awaitEqualHashes();
    }
  }

  @Test
  void theIndexOfAWriteLeadsToItOnEveryNode() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      Committed committed = cluster.propose(cluster.aFollower(), TestCommands.register("a-1"));
      for (RaftNode node : cluster.nodes()) {
        node.awaitApplied(committed.index(), seconds(10)).get(12, TimeUnit.SECONDS);
        assertThat(node.<Boolean>query(view -> view.asset("a-1").isPresent())).isTrue();
      }
    }
  }

  @Test
  void commandsThroughAFollowerShareForwardsAndEntries() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      RaftNode follower = cluster.node(cluster.aFollower());
      WaveOfWrites wave = new WaveOfWrites(follower, 128, 3_000);
      wave.run();
      cluster.awaitEqualHashes();
      var counters = follower.status(false).getWriteCounters();
      assertThat(counters.getCommands()).isEqualTo(3_000);
      assertThat(counters.getEntries()).isLessThan(1_000);
      System.out.printf(
          "128 in flight through a follower: %d commands, %d entries, %d transactions, %.0f/s%n",
          counters.getCommands(),
          counters.getEntries(),
          counters.getTransactions(),
          wave.perSecond());
    }
  }

  @Test
  void noAcknowledgedWriteIsLostWhenTheLeaderDies() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      String survivor = cluster.aFollower();
      Set<String> acknowledged = ConcurrentHashMap.newKeySet();
      var stop = new AtomicBoolean();
      CompletableFuture<Void> writing =
          CompletableFuture.runAsync(() -> write(cluster.node(survivor), acknowledged, stop));
      await().atMost(TestCluster.PATIENCE).until(() -> acknowledged.size() > 50);
      cluster.crash(leader);
      int before = acknowledged.size();
      await("writes to go on")
          .atMost(TestCluster.PATIENCE)
          .until(() -> acknowledged.size() > before + 50);
      stop.set(true);
      writing.get(30, TimeUnit.SECONDS);

      cluster.start(leader);
      for (String id : cluster.ids()) {
        cluster.node(id).awaitLinearizable(seconds(20)).get(25, TimeUnit.SECONDS);
        List<String> missing =
            cluster
                .node(id)
                .query(view -> acknowledged.stream().filter(a -> view.asset(a).isEmpty()).toList());
        assertThat(missing).as("acknowledged and not on %s", id).isEmpty();
      }
      cluster.awaitEqualHashes();
      System.out.printf("%d writes acknowledged, none lost%n", acknowledged.size());
    }
  }

  private static void write(RaftNode node, Set<String> acknowledged, AtomicBoolean stop) {
    for (int i = 0; !stop.get(); i++) {
      String asset = "a-" + i;
      try {
        node.propose(TestCommands.register(asset), seconds(10)).get(12, TimeUnit.SECONDS);
        acknowledged.add(asset);
      } catch (ExecutionException e) {
        assertThat(e.getCause()).isInstanceOf(ClusterUnavailableException.class);
      } catch (Exception e) {
        throw new AssertionError("no typed answer in time", e);
      }
    }
  }

  @Test
  void leadershipMovesWhenAskedAndWhenALeaderStops() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String first = cluster.awaitLeader();
      String second = cluster.aFollower();
      cluster.propose(first, TestCommands.register("a-1"));
      cluster
          .node(first)
          .transferLeadership(second, Duration.ofSeconds(10))
          .get(15, TimeUnit.SECONDS);
      await().atMost(TestCluster.PATIENCE).until(() -> cluster.awaitLeader().equals(second));
      await().until(() -> cluster.leadership(first).events().equals(List.of("ready", "lost")));

      long stopped = System.nanoTime();
      cluster.stop(second);
      String third = cluster.awaitLeader();
      assertThat(third).isNotEqualTo(second);
      cluster.propose(third, TestCommands.register("a-2"));
      System.out.printf(
          "planned stop of the leader: a write through another one succeeded after %d ms%n",
          Duration.ofNanos(System.nanoTime() - stopped).toMillis());
      assertThat(cluster.leadership(second).events()).containsExactly("ready", "lost");
    }
  }

  @Test
  void aClusterThatWasStoppedAsAWholeComesBackWithEverything() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      cluster.awaitLeader();
      for (int i = 0; i < 30; i++) {
        cluster.propose("n1", TestCommands.register("a-" + i));
      }
      cluster.ids().forEach(cluster::stop);
      cluster.startAll();
      for (String id : cluster.ids()) {
        assertThat(cluster.readsLinearizably(id, "a-29")).as("on %s", id).isTrue();
        await(id + " is ready").atMost(TestCluster.PATIENCE).until(cluster.node(id)::caughtUp);
        assertThat(cluster.node(id).staleness()).isLessThan(Duration.ofSeconds(10));
      }
      cluster.propose("n2", TestCommands.register("after"));
      cluster.awaitEqualHashes();
    }
  }

  @Test
  void aNodeThatDoesNotLeadSaysSoToItsPeers() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      RaftNode follower = cluster.node(cluster.aFollower());
      assertThat(follower.readIndexAsLeader(seconds(5)))
          .failsWithin(Duration.ofSeconds(6))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(NotLeaderException.class)
          .withMessageContaining(leader);
      assertThat(follower.transferLeadership(null, Duration.ofSeconds(1)))
          .failsWithin(Duration.ofSeconds(2))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(NotLeaderException.class);
    }
  }

  @Test
  void aWipedFollowerIsGivenASnapshot() throws Exception {
    try (var cluster = new TestCluster(root, 3, 50).startAll()) {
      String leader = cluster.awaitLeader();
      String follower = cluster.aFollower();
      cluster.stop(follower);
      for (int i = 0; i < 600; i++) {
        cluster.propose(leader, TestCommands.register("a-" + i));
      }
      for (RaftNode node : cluster.nodes()) {
        node.snapshotNow().get(20, TimeUnit.SECONDS);
      }
      FilesDurable.deleteRecursively(cluster.directory(follower));

      RaftNode wiped = cluster.start(follower);
      cluster.propose(follower, TestCommands.register("after"));
      assertThat(cluster.readsLinearizably(follower, "a-599")).isTrue();
      cluster.awaitEqualHashes();
      NodeStatus status = wiped.status(false);
      assertThat(status.getSnapshotIndex()).as("index of the installed snapshot").isPositive();
      assertThat(status.getWriteCounters().getCommands())
          .as("commands it applied itself")
          .isLessThan(600);

      // And goes on from there.
      cluster.stop(follower);
      cluster.propose(cluster.awaitLeader(), TestCommands.register("meanwhile"));
      cluster.start(follower);
      assertThat(cluster.readsLinearizably(follower, "meanwhile")).isTrue();
      cluster.awaitEqualHashes();
    }
  }

  /** As after a pause: the others have elected a successor and the old leader has not noticed. */
  @Test
  void aLeaderThatHasNotNoticedItsSuccessorServesNoStaleReads() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String old = cluster.awaitLeader();
      RaftNode node = cluster.node(old);
      cluster.propose(old, TestCommands.register("before"));
      var letGo = new CountDownLatch(1);
      CompletableFuture<Void> unnoticing = holdRole(node, letGo);
      cluster.isolate(old);
      try {
        String successor = cluster.awaitLeader();
        assertThat(successor).isNotEqualTo(old);
        cluster.propose(successor, TestCommands.register("new"));
        for (int i = 0; i < 10; i++) {
          assertThat(read(node, "new")).as("read on the old leader").isEqualTo("unavailable");
        }
        assertThat(node.status(false).getRole()).as("it still believes").isEqualTo("leader");
      } finally {
        letGo.countDown();
      }
      unnoticing.get(10, TimeUnit.SECONDS);
      cluster.heal();
      assertThat(cluster.readsLinearizably(old, "new")).isTrue();
    }
  }

  private static CompletableFuture<Void> holdRole(RaftNode node, CountDownLatch letGo) {
    var held = new CountDownLatch(1);
    CompletableFuture<Void> holding =
        CompletableFuture.runAsync(
            () -> {
              synchronized (node.roleLock()) {
                held.countDown();
                awaitLatch(letGo);
              }
            });
    awaitLatch(held);
    return holding;
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new AssertionError("waited for too long");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String read(RaftNode node, String asset) {
    try {
      node.awaitLinearizable(millis(100)).get(10, TimeUnit.SECONDS);
      return node.query(view -> view.asset(asset)).isPresent() ? "present" : "absent";
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(ClusterUnavailableException.class);
      return "unavailable";
    } catch (Exception e) {
      throw new AssertionError("no typed answer in time", e);
    }
  }

  @Test
  void withoutAMajorityEveryCallEndsByItsDeadlineWithATypedReason() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      cluster.propose(leader, TestCommands.register("a-1"));
      List<String> others = cluster.ids().stream().filter(id -> !id.equals(leader)).toList();
      others.forEach(cluster::crash);

      RaftNode alone = cluster.node(leader);
      List<CompletableFuture<?>> calls = new ArrayList<>();
      long started = System.nanoTime();
      for (int i = 0; i < 50; i++) {
        calls.add(alone.propose(TestCommands.register("b-" + i), millis(1_500)));
      }
      calls.add(alone.awaitApplied(1_000_000, millis(1_500)));
      for (CompletableFuture<?> call : calls) {
        assertThat(failure(call)).isPresent();
      }
      assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(6));

      await("reads to fail once the lease is over")
          .atMost(Duration.ofSeconds(10))
          .until(() -> failure(alone.awaitLinearizable(millis(200))).isPresent());
      await("the leader to notice")
          .atMost(TestCluster.PATIENCE)
          .until(() -> alone.leaderId().isEmpty());
      ClusterUnavailableException write =
          failure(alone.propose(TestCommands.register("c"), millis(300))).orElseThrow();
      assertThat(write.reason()).isEqualTo(Reason.NO_LEADER);
      assertThat(write.outcomeUnknown()).isFalse();
      assertThat(alone.caughtUp()).isFalse();
      List<CompletableFuture<Committed>> tooMany = new ArrayList<>();
      for (int i = 0; i <= ProposalQueue.WAITING_COMMANDS_MAX; i++) {
        tooMany.add(alone.propose(TestCommands.release("l-" + i), millis(500)));
      }
      assertThat(failure(tooMany.get(ProposalQueue.WAITING_COMMANDS_MAX)))
          .get()
          .extracting(ClusterUnavailableException::reason)
          .isEqualTo(Reason.OVERLOADED);
      for (CompletableFuture<Committed> call : tooMany) {
        assertThat(failure(call)).isPresent();
      }

      cluster.start(others.get(0));
      cluster.propose(leader, TestCommands.register("d"));
      assertThat(cluster.readsLinearizably(others.get(0), "d")).isTrue();
    }
  }

  private static Optional<ClusterUnavailableException> failure(CompletableFuture<?> call)
      throws Exception {
    try {
      var unused = call.get(10, TimeUnit.SECONDS);
      return Optional.empty();
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(ClusterUnavailableException.class);
      return Optional.ofNullable((ClusterUnavailableException) e.getCause());
    }
  }
}
