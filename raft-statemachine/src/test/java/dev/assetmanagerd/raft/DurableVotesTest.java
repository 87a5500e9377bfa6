package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever leads was elected by votes that a power cut does not take back. */
class DurableVotesTest {
  @TempDir private Path root;

  @AfterEach
  void forgetWatchers() {
    FilesDurable.WATCHERS.clear();
  }

  @Test
  void votesAreDurableBeforeAnybodyLeads() throws Exception {
    Set<String> kept = ConcurrentHashMap.newKeySet();
    onVote(path -> kept.add(path.subpath(root.getNameCount(), root.getNameCount() + 1).toString()));
    try (var cluster = new TestCluster(root, 3).startAll()) {
      String leader = cluster.awaitLeader();
      assertThat(kept).as("nodes that have synced their votes").contains(leader);
      assertThat(kept).hasSizeGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void aNodeThatCannotKeepItsVoteEndsAndItsVoteDoesNotCount() throws Exception {
    onVote(
        path -> {
          if (path.startsWith(root.resolve("n2")) || path.startsWith(root.resolve("n3"))) {
            throw new IllegalStateException("the disk is gone");
          }
        });
    try (var cluster = new TestCluster(root, 3).startAll()) {
      await("the end of n2 or n3")
          .atMost(TestCluster.PATIENCE)
          .until(() -> ended(cluster.node("n2")) || ended(cluster.node("n3")));
      assertThat(cluster.nodes()).noneMatch(RaftNode::isLeader);
    }
  }

  private static boolean ended(RaftNode node) {
    return node.terminated().toCompletableFuture().isDone();
  }

  private static void onVote(Consumer<Path> watcher) {
    FilesDurable.WATCHERS.add(
        path -> {
          if (path.endsWith("current")
              && StackWalker.getInstance()
                  .walk(
                      frames ->
                          frames.anyMatch(
                              frame ->
                                  frame.getClassName().equals(DurableVotes.class.getName())))) {
            watcher.accept(path);
          }
        });
  }
}
