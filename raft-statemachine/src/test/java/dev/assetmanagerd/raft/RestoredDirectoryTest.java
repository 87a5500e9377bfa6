package dev.assetmanagerd.raft;

import static dev.assetmanagerd.raft.TestCluster.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.registry.LogPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class RestoredDirectoryTest {
  private static final String LINEAGE = "restored-1";

  @TempDir Path root;

  /** What a cluster of one node held, as a file. */
  private record Copy(Path file, LogPosition position, String hash) {}

  @Test
  void nodesRestoredFromOneCopyHoldItAndGoOnFromThere() throws Exception {
    Copy copy = copyOf("a-1", "a-2");
    try (var restored = new TestCluster(root.resolve("new"), 3)) {
      for (String id : restored.ids()) {
        restore(restored, id, LINEAGE, copy);
      }
      restored.startAll();
      restored.awaitLeader();
      for (String id : restored.ids()) {
        assertThat(restored.readsLinearizably(id, "a-2")).as("a-2 on %s", id).isTrue();
        assertThat(restored.node(id).lineage()).isEqualTo(LINEAGE);
      }
      Committed written = restored.propose("n2", TestCommands.register("a-3"));
      assertThat(written.index()).isGreaterThan(copy.position().index());
      restored.awaitEqualHashes();
      // And once more from what the nodes now have on their disks.
      restored.stop("n1");
      restored.start("n1");
      assertThat(restored.readsLinearizably("n1", "a-3")).isTrue();
      restored.awaitEqualHashes();
    }
  }

  @Test
  void oneRestoredNodeAloneHoldsExactlyWhatWasCopied() throws Exception {
    Copy copy = copyOf("a-1");
    try (var restored = new TestCluster(root.resolve("new"), 1)) {
      restore(restored, "n1", LINEAGE, copy);
      NodeStatus status = restored.start("n1").status(true);
      assertThat(status.getStateHash()).isEqualTo(copy.hash());
    }
  }

  @Test
  void everythingIsDurableBeforeItIsMovedToItsPlace() throws Exception {
    Copy copy = copyOf("a-1");
    List<String> synced = new CopyOnWriteArrayList<>();
    try (var restored = new TestCluster(root.resolve("new"), 1)) {
      String work = restored.directory("n1").resolve("restoring/raft").toString();
      FilesDurable.WATCHERS.add(
          path -> {
            if (path.toString().startsWith(work)) {
              synced.add(path.toString().substring(work.length()).replaceFirst("^/[^/]+", "G"));
            }
          });
      restore(restored, "n1", LINEAGE, copy);
    } finally {
      FilesDurable.WATCHERS.clear();
    }
    String snapshot =
        "G/sm/snapshot.%d_%d".formatted(copy.position().term(), copy.position().index());
    assertThat(synced)
        .contains("G/current/raft-meta", "G/current", snapshot, snapshot + ".md5", "G/sm", "G", "");
  }

  /** As where the power fails before the restored cluster has a leader. */
  @Test
  void untilItHasALeaderARestoredClusterHasTheMembersThatItFirstStartedWith() throws Exception {
    Copy copy = copyOf("a-1");
    try (var restored = new TestCluster(root.resolve("new"), 3)) {
      restore(restored, "n1", LINEAGE, copy);
      DataDirectory first = DataDirectory.open(restored.options("n1"));
      Set<String> members = Set.copyOf(restored.ids());
      first.requireWhole(members);
      first.markStarted(members);

      DataDirectory second = DataDirectory.open(restored.options("n1"));
      assertThatThrownBy(() -> second.requireWhole(Set.of("n1")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("this node founds its cluster with [n1, n2, n3]")
          .hasMessageContaining("names [n1]");
      second.requireWhole(members);
      assertThat(second.founders()).isEmpty();
    }
  }

  @Test
  void onceItHasALeaderItKnowsItsMembersFromItsOwnData() throws Exception {
    Copy copy = copyOf("a-1");
    try (var restored = new TestCluster(root.resolve("new"), 1)) {
      restore(restored, "n1", LINEAGE, copy);
      restored.start("n1");
      restored.propose(restored.awaitLeader(), TestCommands.register("a-2"));
      restored.stop("n1");
      DataDirectory directory = DataDirectory.open(restored.options("n1"));
      directory.requireWhole(Set.of("n1", "n2")); // these do not count any more
    }
  }

  @Test
  void aFreshNodeAndOneOfAnotherLineageAreNotLetIn() throws Exception {
    Copy copy = copyOf("a-1");
    try (var cluster = new TestCluster(root.resolve("new"), 5)) {
      for (String id : List.of("n1", "n2", "n3")) {
        restore(cluster, id, LINEAGE, copy);
      }
      restore(cluster, "n4", "restored-2", copy);
      cluster.startAll(); // n5 on an empty directory
      assertThat(cluster.awaitLeader()).isIn("n1", "n2", "n3");
      cluster.propose("n1", TestCommands.register("a-2"));
      for (String stranger : List.of("n4", "n5")) {
        RaftNode node = cluster.node(stranger);
        assertThatThrownBy(() -> node.awaitLinearizable(seconds(3)).get(5, TimeUnit.SECONDS))
            .as("reading on %s", stranger)
            .isInstanceOf(ExecutionException.class)
            .cause()
            .isInstanceOfSatisfying(
                ClusterUnavailableException.class,
                e -> assertThat(e.reason()).isIn(Reason.NO_LEADER, Reason.DEADLINE));
        assertThat(node.caughtUp()).as("%s ready", stranger).isFalse();
        assertThat(node.<Boolean>query(view -> view.asset("a-2").isPresent()))
            .as("%s has what was written", stranger)
            .isFalse();
      }
    }
  }

  @Test
  void aDirectoryThatHoldsAnythingIsRefusedAndLeftAsItIs() throws Exception {
    Path directory = Files.createDirectories(root.resolve("n1"));
    Files.writeString(directory.resolve("node.json"), "{}");
    assertThatThrownBy(() -> RestoredDirectory.begin(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is not empty, it holds node.json");
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("node.json"));
    }
  }

  @Test
  void theLockOfTheDirectoryIsNoData() throws Exception {
    Path directory = Files.createDirectories(root.resolve("n1"));
    Files.createFile(directory.resolve("lock"));
    RestoredDirectory.begin(directory).abandon();
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("lock"));
    }
  }

  @Test
  void anInterruptedRestoreIsRefusedByNodesAndCanBeDoneAgain() throws Exception {
    Copy copy = copyOf("a-1");
    try (var restored = new TestCluster(root.resolve("new"), 1)) {
      Path directory = restored.directory("n1");
      // As a crash just before the end leaves it: everything is in place, and the work is not
      // ended.
      restore(restored, "n1", LINEAGE, copy);
      Files.createDirectory(directory.resolve("restoring"));
      assertThatThrownBy(() -> restored.start("n1"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("was interrupted: run \"assetmanagerd backup restore\" again");
      restore(restored, "n1", LINEAGE, copy);
      assertThat(restored.start("n1").status(true).getStateHash()).isEqualTo(copy.hash());
    }
  }

  private Copy copyOf(String... assets) throws Exception {
    try (var cluster = new TestCluster(root.resolve("old"), 1).startAll()) {
      cluster.awaitLeader();
      for (String asset : assets) {
        cluster.propose("n1", TestCommands.register(asset));
      }
      RaftNode node = cluster.node("n1");
      Path file = root.resolve("copy.db");
      LogPosition position = node.copyRegistry(file);
      NodeStatus status = node.status(true);
      assertThat(status.getStateHashIndex()).isEqualTo(position.index());
      return new Copy(file, position, status.getStateHash());
    }
  }

  private static void restore(TestCluster cluster, String id, String lineage, Copy copy)
      throws IOException {
    RestoredDirectory directory = RestoredDirectory.begin(cluster.directory(id));
    Path unpacked = Files.copy(copy.file(), directory.work().resolve("registry.db"));
    directory.finish("test", id, lineage, unpacked);
  }
}
