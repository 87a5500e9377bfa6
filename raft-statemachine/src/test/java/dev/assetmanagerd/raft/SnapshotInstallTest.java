package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A follower that lags is given a snapshot, and whatever happens then, it does not just stand. */
class SnapshotInstallTest {
  @TempDir private Path root;

  @AfterEach
  void forgetWatchers() {
    FilesDurable.WATCHERS.clear();
  }

  @Test
  void whatIsReceivedIsDurableBeforeItIsPutInPlace() throws Exception {
    try (var cluster = new TestCluster(root, 3, 50).startAll()) {
      String lagging = letOneLag(cluster);
      List<String> synced = new CopyOnWriteArrayList<>();
      onSync(cluster.directory(lagging), path -> synced.add(generic(path)));

      cluster.start(lagging);

      assertThat(cluster.readsLinearizably(lagging, "a-599")).isTrue();
      cluster.awaitEqualHashes();
      // At that time they lay where Ratis had written them.
      assertThat(synced)
          .containsSubsequence("tmp/snapshot-*/snapshot.N", "tmp/snapshot-*", "tmp")
          .containsSubsequence("tmp/snapshot-*/snapshot.N.md5", "tmp/snapshot-*", "tmp", "sm", ".");
    }
  }

  @Test
  void whereItCannotBeKeptTheNodeEndsInsteadOfWaitingForEver() throws Exception {
    try (var cluster = new TestCluster(root, 3, 50).startAll()) {
      String lagging = letOneLag(cluster);
      onSync(
          cluster.directory(lagging),
          path -> {
            if (generic(path).equals("tmp/snapshot-*")) {
              throw new IllegalStateException("the disk does not take it");
            }
          });

      RaftNode node = cluster.start(lagging);

      assertThat(node.terminated().toCompletableFuture())
          .succeedsWithin(TestCluster.PATIENCE)
          .satisfies(reason -> assertThat(reason).hasMessage("the disk does not take it"));
    }
  }

  @Test
  void whereItCouldNotBePutInPlaceOnceItIsSentAgain() throws Exception {
    try (var cluster = new TestCluster(root, 3, 50).startAll()) {
      String lagging = letOneLag(cluster);
      var gone = new AtomicBoolean();
      onSync(
          cluster.directory(lagging),
          path -> {
            if (generic(path).equals("tmp/snapshot-*") && gone.compareAndSet(false, true)) {
              delete(path);
            }
          });

      RaftNode node = cluster.start(lagging);

      assertThat(cluster.readsLinearizably(lagging, "a-599")).isTrue();
      cluster.awaitEqualHashes();
      assertThat(gone).isTrue();
      assertThat(node.terminated().toCompletableFuture()).isNotDone();
    }
  }

  /** Its log ends before those of the others begin. */
  private static String letOneLag(TestCluster cluster) throws Exception {
    String leader = cluster.awaitLeader();
    String lagging = cluster.aFollower();
    cluster.stop(lagging);
    for (int i = 0; i < 600; i++) {
      cluster.propose(leader, TestCommands.register("a-" + i));
    }
    for (RaftNode node : cluster.nodes()) {
      node.snapshotNow().get(20, TimeUnit.SECONDS);
    }
    return lagging;
  }

  private static void onSync(Path directory, Consumer<Path> watcher) {
    FilesDurable.WATCHERS.add(
        path -> {
          if (path.startsWith(directory.resolve("raft"))) {
            watcher.accept(path);
          }
        });
  }

  /** The path below the directory of the group, without what differs from run to run. */
  private static String generic(Path path) {
    String text = path.toString().replaceFirst(".*/raft/[0-9a-f-]{36}/?", "");
    return text.isEmpty()
        ? "."
        : text.replaceFirst("snapshot-[^/]+", "snapshot-*")
            .replaceFirst("snapshot\\.\\d+_\\d+", "snapshot.N");
  }

  private static void delete(Path directory) {
    try {
      FilesDurable.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
