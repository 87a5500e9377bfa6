package dev.assetmanagerd.raft;

import static dev.assetmanagerd.raft.TestCluster.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class MembershipTest {
  @TempDir Path root;

  @Test
  void aNodeJoinsAsAListenerIsPromotedAndMayLead() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      cluster.propose(leader, TestCommands.register("a-1"));
      RaftNode joiner = cluster.startNew("n4");
      assertThat(joiner.waitsToBeAdded()).isTrue();
      assertThat(joiner.caughtUp()).isFalse();

      change(cluster, with(cluster, "n4", false));
      assertThat(cluster.readsLinearizably("n4", "a-1")).as("read on a listener").isTrue();
      cluster.propose("n4", TestCommands.register("through-a-listener"));
      await().until(joiner::caughtUp);
      assertThat(joiner.status(false).getRole()).isEqualTo("listener");
      assertThat(joiner.staleness()).isLessThan(Duration.ofSeconds(10));
      joiner.snapshotNow().get(20, TimeUnit.SECONDS);

      change(cluster, with(cluster, "n4", true));
      await().until(() -> joiner.status(false).getRole().equals("follower"));
      cluster
          .node(cluster.awaitLeader())
          .transferLeadership("n4", Duration.ofSeconds(10))
          .get(15, TimeUnit.SECONDS);
      await().atMost(TestCluster.PATIENCE).until(() -> cluster.awaitLeader().equals("n4"));
      cluster.propose("n1", TestCommands.register("a-2"));

      // It needs no invitation to come back.
      cluster.stop("n4");
      cluster.start("n4");
      assertThat(cluster.readsLinearizably("n4", "a-2")).isTrue();
      assertThat(cluster.node("n4").members()).hasSize(4).allMatch(Member::voter);
      cluster.awaitEqualHashes();
    }
  }

  @Test
  void listenersDoNotCountForAMajority() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      for (String id : List.of("n4", "n5")) {
        cluster.startNew(id);
        change(cluster, with(cluster, id, false));
      }
      List<String> followers =
          List.of("n1", "n2", "n3").stream().filter(id -> !id.equals(leader)).toList();
      followers.forEach(cluster::crash);
      assertThatThrownBy(
              () ->
                  cluster
                      .node(leader)
                      .propose(TestCommands.register("a-1"), seconds(3))
                      .get(5, TimeUnit.SECONDS))
          .hasCauseInstanceOf(ClusterUnavailableException.class);
      assertThatThrownBy(
              () -> cluster.node("n4").awaitLinearizable(seconds(3)).get(5, TimeUnit.SECONDS))
          .hasCauseInstanceOf(ClusterUnavailableException.class);

      cluster.start(followers.get(0));
      cluster.propose("n4", TestCommands.register("a-2"));
      assertThat(cluster.readsLinearizably("n5", "a-2")).isTrue();
    }
  }

  @Test
  void aRemovedNodeNoticesStopsAndDoesNotStartAgain() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      String follower = cluster.aFollower();
      cluster.startNew("n4");
      change(cluster, with(cluster, "n4", false));
      for (String id : List.of(follower, "n4")) {
        RaftNode removed = cluster.node(id);
        change(cluster, without(cluster, id));
        assertThat(removed.terminated().toCompletableFuture())
            .as("end of %s", id)
            .succeedsWithin(TestCluster.PATIENCE)
            .isInstanceOf(RemovedException.class)
            .asString()
            .contains(id + " was removed from cluster test");
        cluster.stop(id);
        assertThatThrownBy(() -> cluster.start(id))
            .isInstanceOf(IOException.class)
            .hasMessageContaining(id + " was removed")
            .hasMessageContaining("CLUSTER_JOIN");
      }
      cluster.propose(leader, TestCommands.register("a-1"));
      assertThat(cluster.node(leader).members()).hasSize(2);
    }
  }

  @Test
  void aNodeThatWasRemovedWhileItWasDownNoticesWhenItComesBack() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      cluster.awaitLeader();
      String follower = cluster.aFollower();
      long behind = cluster.node(cluster.awaitLeader()).membership().commitIndex();
      RaftNode joiner = cluster.startNew("n4", new Joining("", behind));
      change(cluster, with(cluster, "n4", false));
      await().atMost(TestCluster.PATIENCE).until(() -> !joiner.waitsToBeAdded());
      for (String id : List.of(follower, "n4")) {
        cluster.crash(id);
        change(cluster, without(cluster, id));
        assertThat(cluster.start(id).terminated().toCompletableFuture())
            .succeedsWithin(TestCluster.PATIENCE)
            .isInstanceOf(RemovedException.class);
        cluster.stop(id);
      }
    }
  }

  @Test
  void aDeadMemberThatWasAddedLatelyDoesNotKeepOthersFromBeingAdded() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      cluster.awaitLeader();
      for (String id : List.of("n4", "n5")) {
        cluster.startNew(id);
        change(cluster, with(cluster, id, false));
      }
      change(cluster, with(cluster, "n4", true));
      cluster.crash("n4"); // a voter since
      cluster.crash("n5"); // a listener
      cluster.startNew("n6");
      change(cluster, with(cluster, "n6", false));

      // The dead voter out and the new one in, at once.
      List<Member> swapped = new ArrayList<>(without(cluster, "n4"));
      swapped.removeIf(member -> member.id().equals("n6"));
      swapped.add(new Member(cluster.joined("n6"), true));
      change(cluster, swapped);
      cluster.propose("n6", TestCommands.register("a-1"));
      assertThat(cluster.node("n6").members())
          .extracting(member -> member.id() + " " + member.role())
          .containsExactly("n1 voter", "n2 voter", "n3 voter", "n5 listener", "n6 voter");
    }
  }

  @Test
  void aNewNodeIsGivenASnapshotWhereTheLogBeginsLater() throws Exception {
    try (var cluster = new TestCluster(root, 3, 50).startAll()) {
      String leader = cluster.awaitLeader();
      for (int i = 0; i < 600; i++) {
        cluster.propose(leader, TestCommands.register("a-" + i));
      }
      for (RaftNode node : cluster.nodes()) {
        node.snapshotNow().get(20, TimeUnit.SECONDS);
      }
      RaftNode joiner = cluster.startNew("n4");
      change(cluster, with(cluster, "n4", false));
      assertThat(cluster.readsLinearizably("n4", "a-599")).isTrue();
      assertThat(joiner.status(false).getWriteCounters().getCommands()).isLessThan(600);
      change(cluster, with(cluster, "n4", true));
      cluster.propose("n4", TestCommands.register("after"));
      cluster.awaitEqualHashes();
    }
  }

  @Test
  void aChangeThatStartsFromOtherMembersIsRefused() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      RaftNode leader = cluster.node(cluster.awaitLeader());
      List<Member> other = leader.members().subList(0, 2);
      assertThatThrownBy(
              () -> leader.membership().change(other, leader.members()).get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is different than the request");
    }
  }

  @Test
  void aSingleNodeGrowsToThree() throws Exception {
    try (var cluster = new TestCluster(root, 1).startAll()) {
      cluster.propose(cluster.awaitLeader(), TestCommands.register("a-1"));
      for (String id : List.of("n2", "n3")) {
        cluster.startNew(id);
        change(cluster, with(cluster, id, false));
        change(cluster, with(cluster, id, true));
      }
      cluster.crash("n1");
      cluster.propose("n2", TestCommands.register("a-2"));
      cluster.start("n1");
      assertThat(cluster.readsLinearizably("n1", "a-2")).isTrue();
      cluster.awaitEqualHashes();
    }
  }

  @Test
  void configurationsFromBeforeANodeAskedToBeAddedDoNotConcernIt() throws Exception {
    try (var cluster = new TestCluster(root, 1).startAll()) {
      cluster.awaitLeader();
      long behind = cluster.node("n1").membership().commitIndex() + 40;
      RaftNode joiner = cluster.startNew("n2", new Joining("", behind));
      change(cluster, with(cluster, "n2", false)); // as if read from the log of former times
      cluster.propose("n1", TestCommands.register("a-1"));
      assertThat(cluster.node("n1").membership().current().index()).isLessThanOrEqualTo(behind);
      assertThat(cluster.readsLinearizably("n2", "a-1")).isTrue();
      assertThat(joiner.waitsToBeAdded()).as("by a change of its past").isTrue();

      while (cluster.node("n1").membership().commitIndex() <= behind) {
        cluster.propose("n1", TestCommands.register("b-" + System.nanoTime()));
      }
      change(cluster, with(cluster, "n2", true));
      await().atMost(TestCluster.PATIENCE).until(() -> !joiner.waitsToBeAdded());
      assertThat(joiner.terminated().toCompletableFuture()).isNotDone();
    }
  }

  @Test
  void aNodeThatWasRemovedComesBackUnderItsIdThousandsOfEntriesLater() throws Exception {
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      cluster.startNew("n4");
      change(cluster, with(cluster, "n4", false));
      change(cluster, with(cluster, "n4", true));
      change(cluster, without(cluster, "n4"));
      assertThat(cluster.node("n4").terminated().toCompletableFuture())
          .succeedsWithin(TestCluster.PATIENCE)
          .isInstanceOf(RemovedException.class);
      cluster.stop("n4");
      FilesDurable.deleteRecursively(cluster.directory("n4"));
      List<CompletableFuture<Committed>> written = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        written.add(cluster.node(leader).propose(TestCommands.register("a-" + i), seconds(30)));
      }
      for (CompletableFuture<Committed> one : written) {
        one.get(40, TimeUnit.SECONDS);
      }

      long behind = cluster.node(leader).membership().commitIndex();
      RaftNode again = cluster.startNew("n4", new Joining("", behind));
      assertThat(again.waitsToBeAdded()).isTrue();
      change(cluster, with(cluster, "n4", false));
      await().atMost(TestCluster.PATIENCE).until(() -> !again.waitsToBeAdded());
      assertThat(again.membership().current().index()).isGreaterThan(behind);
      change(cluster, with(cluster, "n4", true));
      assertThat(cluster.readsLinearizably("n4", "a-2999")).isTrue();
      assertThat(again.terminated().toCompletableFuture()).isNotDone();
      cluster.awaitEqualHashes();
    }
  }

  @Test
  void aFounderThatLostItsDirectoryAndFoundsAgainHasNoVoteAmongItsFormerCompanions()
      throws Exception {
    Founding founding = Founding.of("test", Map.of("n1", "first"));
    try (var cluster = new TestCluster(root, 1)) {
      cluster.startFounding("n1", founding);
      cluster.awaitLeader();
      for (String id : List.of("n2", "n3")) {
        cluster.startNew(id, new Joining(founding.lineage(), -1));
        change(cluster, with(cluster, id, false));
        change(cluster, with(cluster, id, true));
      }
      cluster.propose("n1", TestCommands.register("a-1"));
      assertThat(cluster.readsLinearizably("n3", "a-1")).isTrue();
      cluster.crash("n1");
      FilesDurable.deleteRecursively(cluster.directory("n1"));
      cluster.crash("n3");

      // With the vote of n1, which is empty, n2 or n1 would lead.
      RaftNode again = cluster.startFounding("n1", Founding.of("test", Map.of("n1", "second")));
      await().atMost(TestCluster.PATIENCE).until(again::isLeader);
      cluster.propose("n1", TestCommands.register("elsewhere"));
      // It may lead by the vote of n3, and by what that has accepted a moment ago; not for long.
      await().atMost(TestCluster.PATIENCE).until(() -> !cluster.node("n2").isLeader());
      assertThatThrownBy(
              () -> cluster.node("n2").awaitLinearizable(seconds(4)).get(6, TimeUnit.SECONDS))
          .hasCauseInstanceOf(ClusterUnavailableException.class);
      assertThat(cluster.node("n2").terminated().toCompletableFuture()).isNotDone();
      assertThat(again.members()).hasSize(1);

      cluster.start("n3");
      assertThat(cluster.readsLinearizably("n2", "a-1")).isTrue();
      assertThat(cluster.readsLinearizably("n2", "elsewhere")).isFalse();
      assertThat(again.terminated().toCompletableFuture()).isNotDone();

      ClusterName former = new ClusterName("test", founding.lineage());
      assertThat(again.heardOfMembership(new ClusterName("test", again.lineage()), "n1", "n2"))
          .isFalse();
      assertThat(cluster.node("n2").heardOfMembership(new ClusterName("test", ""), "n2", "n3"))
          .as("told to one that has joined")
          .isFalse();
      assertThat(again.terminated().toCompletableFuture()).isNotDone();
      assertThat(again.heardOfMembership(former, "n1", "n2")).isTrue();
      assertThat(again.terminated().toCompletableFuture())
          .isCompletedWithValueMatching(
              reason -> String.valueOf(reason.getMessage()).contains("has n1 as a member"));
    }
  }

  /** The members, and a node that was started as a new one, as this. */
  private static List<Member> with(TestCluster cluster, String id, boolean voter) {
    return Stream.concat(
            without(cluster, id).stream(), Stream.of(new Member(cluster.joined(id), voter)))
        .toList();
  }

  private static List<Member> without(TestCluster cluster, String id) {
    return cluster.node(cluster.awaitLeader()).members().stream()
        .filter(member -> !member.id().equals(id))
        .toList();
  }

  private static void change(TestCluster cluster, List<Member> to) throws Exception {
    RaftNode leader = cluster.node(cluster.awaitLeader());
    leader.membership().change(leader.members(), to).get(40, TimeUnit.SECONDS);
  }
}
