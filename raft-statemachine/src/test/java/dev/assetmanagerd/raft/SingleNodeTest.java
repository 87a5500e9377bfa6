package dev.assetmanagerd.raft;

import static dev.assetmanagerd.raft.TestCluster.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SingleNodeTest {
  @TempDir Path root;

  @Test
  void whatIsWrittenIsReadAndSurvivesARestart() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      Committed committed = cluster.propose("n1", TestCommands.register("a-1"));
      assertThat(committed.outcome().hasAssetRegistered()).isTrue();
      assertThat(cluster.readsLinearizably("n1", "a-1")).isTrue();
      String hash = cluster.node("n1").status(true).getStateHash();
      cluster.stop("n1");

      RaftNode again = cluster.start("n1");
      assertThat(cluster.readsLinearizably("n1", "a-1")).isTrue();
      assertThat(again.status(true).getStateHash()).isEqualTo(hash);
      assertThat(again.status(false).getWriteCounters().getCommands())
          .as("commands applied a second time")
          .isZero();
    }
  }

  @Test
  void theLeaderFillsInIdsAndTimes() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      var asset = TestCommands.asset("").toBuilder().setLocation("blobs/x");
      Committed registered =
          cluster.propose(
              "n1",
              Command.newBuilder()
                  .setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset))
                  .build());
      var made = registered.outcome().getAssetRegistered().getAsset();
      assertThat(made.getId()).matches("[0-9A-HJKMNP-TV-Z]{26}");
      assertThat(made.getCreatedAt()).isPositive();
      assertThat(made.getLastAccessedAt()).isEqualTo(made.getCreatedAt());

      Committed leased = cluster.propose("n1", TestCommands.acquire(made.getId(), 60));
      assertThat(leased.outcome().getLeaseGranted().getLeaseId())
          .matches("[0-9A-HJKMNP-TV-Z]{26}")
          .isGreaterThan(made.getId());
      assertThat(leased.index()).isGreaterThan(registered.index());
    }
  }

  @Test
  void aRejectionIsAnOutcome() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      Committed committed = cluster.propose("n1", TestCommands.release("no-such-lease"));
      assertThat(committed.outcome().getRejection().getRule())
          .isEqualTo(Rejection.Rule.RULE_LEASE_NOT_FOUND);
    }
  }

  @Test
  void aCommandThatNoEntryCanHoldIsRejected() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      var huge = TestCommands.asset("a-1").toBuilder().setName("x".repeat(2 << 20));
      Committed committed =
          cluster.propose(
              "n1",
              Command.newBuilder()
                  .setRegisterAsset(RegisterAsset.newBuilder().setAsset(huge))
                  .build());
      assertThat(committed.outcome().getRejection().getRule())
          .isEqualTo(Rejection.Rule.RULE_INVALID);
      assertThat(cluster.readsLinearizably("n1", "a-1")).isFalse();
    }
  }

  @Test
  void commandsThatWaitShareEntriesAndTransactions() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      RaftNode node = cluster.start("n1");
      cluster.awaitLeader();
      WaveOfWrites wave = new WaveOfWrites(node, 128, 4_000);
      wave.run();
      var counters = node.status(false).getWriteCounters();
      assertThat(counters.getCommands()).isEqualTo(4_000);
      assertThat(counters.getEntries()).isLessThan(1_000);
      assertThat(counters.getTransactions()).isLessThanOrEqualTo(counters.getEntries());
      System.out.printf(
          "128 in flight: %d commands, %d entries, %d transactions, %.0f/s%n",
          counters.getCommands(),
          counters.getEntries(),
          counters.getTransactions(),
          wave.perSecond());
    }
  }

  @Test
  void aSnapshotIsTakenWhileWritingAndARestartContinuesFromIt() throws Exception {
    try (var cluster = new TestCluster(root, 1, 200)) {
      RaftNode node = cluster.start("n1");
      cluster.awaitLeader();
      List<CompletableFuture<Committed>> writes = new ArrayList<>();
      for (int i = 0; i < 1_500; i++) {
        writes.add(node.propose(TestCommands.register("a-" + i), seconds(20)));
        if (i % 3 == 0) {
          writes.get(i).get(20, TimeUnit.SECONDS); // so that there are many entries
        }
      }
      await("a snapshot by itself")
          .atMost(Duration.ofSeconds(20))
          .until(() -> node.status(false).getSnapshotIndex() > 0);
      CompletableFuture.allOf(writes.toArray(CompletableFuture<?>[]::new))
          .get(20, TimeUnit.SECONDS);
      long index = node.snapshotNow().get(20, TimeUnit.SECONDS);
      assertThat(index).isEqualTo(node.status(false).getSnapshotIndex()).isPositive();
      cluster.propose("n1", TestCommands.register("after-the-snapshot"));
      NodeStatus before = node.status(true);
      cluster.stop("n1");

      // As after a power cut that took more than the database could afford.
      deleteDatabase(cluster.directory("n1"));
      RaftNode again = cluster.start("n1");
      assertThat(cluster.readsLinearizably("n1", "a-1499")).isTrue();
      assertThat(cluster.readsLinearizably("n1", "after-the-snapshot")).isTrue();
      assertThat(again.status(true).getStateHash()).isEqualTo(before.getStateHash());
    }
  }

  @Test
  void theClockTicksWhileALeaseHasAnEndAndNotOtherwise() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      RaftNode node = cluster.start("n1");
      cluster.propose("n1", TestCommands.register("a-1"));
      long idleSince = node.status(false).getAppliedIndex();
      await()
          .during(Duration.ofMillis(1_500))
          .atMost(Duration.ofSeconds(3))
          .until(() -> node.status(false).getAppliedIndex() == idleSince);

      long leasedAt = System.nanoTime();
      cluster.propose("n1", TestCommands.acquire("a-1", 1));
      await("the leader to end the lease")
          .atMost(Duration.ofSeconds(10))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> node.query(view -> references(view, "a-1")) == 0);
      assertThat(Duration.ofNanos(System.nanoTime() - leasedAt))
          .as("life of a lease of one second")
          .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(6));
      long idleAgainSince = node.status(false).getAppliedIndex();
      await("the clock to stand still")
          .during(Duration.ofMillis(1_500))
          .atMost(Duration.ofSeconds(3))
          .until(() -> node.status(false).getAppliedIndex() == idleAgainSince);
    }
  }

  private static int references(RegistryView view, String assetId) {
    return view.asset(assetId).orElseThrow().getReferenceCount();
  }

  @Test
  void aSingleNodeIsReadyAndFresh() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      RaftNode node = cluster.start("n1");
      await().atMost(TestCluster.PATIENCE).until(node::caughtUp);
      assertThat(node.staleness()).isLessThan(Duration.ofSeconds(5));
      assertThat(node.leaderId()).contains("n1");
      await().until(() -> cluster.leadership("n1").events().equals(List.of("ready")));
      cluster.stop("n1");
      assertThat(cluster.leadership("n1").events()).containsExactly("ready", "lost");
    }
  }

  @Test
  void aNodeWhoseDatabaseFailsTakesPartNoLonger() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      RaftNode node = cluster.start("n1");
      cluster.propose("n1", TestCommands.register("a-1"));
      long applied = node.status(false).getAppliedIndex();
      Path database = cluster.directory("n1").resolve("db").resolve("registry.db");
      try (var connection = DriverManager.getConnection("jdbc:sqlite:" + database);
          var statement = connection.createStatement()) {
        statement.execute("DELETE FROM progress");
      }

      assertThat(node.propose(TestCommands.register("a-2"), seconds(10)))
          .failsWithin(Duration.ofSeconds(15))
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .asInstanceOf(type(ClusterUnavailableException.class))
          .matches(ClusterUnavailableException::outcomeUnknown, "outcome unknown");
      assertThat(node.terminated().toCompletableFuture())
          .succeedsWithin(Duration.ofSeconds(10))
          .isInstanceOf(RegistryException.class);
      assertThat(node.status(false).getAppliedIndex()).isEqualTo(applied);
    }
  }

  @Test
  void anotherNodesDataIsRefused() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      cluster.propose("n1", TestCommands.register("a-1"));
      cluster.stop("n1");
      Path marker = cluster.directory("n1").resolve("node.json");
      String own = Files.readString(marker);

      Files.writeString(marker, own.replace("\"n1\"", "\"n7\""));
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("n7")
          .hasMessageContaining("n1");
      Files.writeString(marker, own.replace("\"test\"", "\"elsewhere\""));
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("elsewhere");
      Files.delete(marker);
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("node.json");

      Files.writeString(marker, own);
      cluster.start("n1");
      assertThat(cluster.readsLinearizably("n1", "a-1")).isTrue();
    }
  }

  @Test
  void aNodeThatLostItsVotesIsRefused() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      cluster.awaitLeader();
      cluster.stop("n1");
      FilesDurable.deleteRecursively(cluster.directory("n1").resolve("raft"));
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is missing or empty")
          .hasMessageContaining("node rebuild");
    }
  }

  private static void deleteDatabase(Path node) throws IOException {
    FilesDurable.deleteRecursively(node.resolve("db"));
  }
}
