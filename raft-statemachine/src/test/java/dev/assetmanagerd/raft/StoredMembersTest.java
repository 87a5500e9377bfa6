package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredMembersTest {
  @TempDir private Path root;

  private final List<Path> synced = new CopyOnWriteArrayList<>();

  @BeforeEach
  void watch() {
    FilesDurable.WATCHERS.add(synced::add);
  }

  @AfterEach
  void forgetWatchers() {
    FilesDurable.WATCHERS.clear();
  }

  @Test
  void whatRatisHasWrittenIsMadeDurable() throws Exception {
    var stored = new StoredMembers(root);
    stored.write(entry(4, "n1"));
    synced.clear();
    byte[] before = Files.readAllBytes(file());
    stored.keep(1, 4, members("n1"));
    assertThat(synced).containsExactly(root);
    assertThat(file()).hasBinaryContent(before);
  }

  @Test
  void whatRatisHasNotWrittenToItsEndIsWrittenAgain() throws Exception {
    var stored = new StoredMembers(root);
    stored.keep(1, 4, members("n1", "n2"));
    assertThat(stored.read()).contains(entry(4, "n1", "n2"));

    byte[] whole = Files.readAllBytes(file());
    for (int bytes = 0; bytes < whole.length; bytes++) {
      Files.write(file(), Arrays.copyOf(whole, bytes));
      stored.keep(1, 4, members("n1", "n2"));
      assertThat(file()).as("cut off after %d bytes", bytes).hasBinaryContent(whole);
    }
  }

  @Test
  void formerMembersAreReplacedAndLaterOnesStay() throws Exception {
    var stored = new StoredMembers(root);
    stored.write(entry(4, "n1"));
    stored.keep(1, 9, members("n1", "n2"));
    assertThat(stored.read()).contains(entry(9, "n1", "n2"));
    stored.keep(1, 4, members("n1"));
    assertThat(stored.read()).contains(entry(9, "n1", "n2"));
  }

  @Test
  void aNodeMakesThemDurableWhenItAppliesThem() throws Exception {
    List<String> threads = new CopyOnWriteArrayList<>();
    FilesDurable.WATCHERS.add(
        path -> {
          if (path.endsWith("current")) {
            threads.add(Thread.currentThread().getName());
          }
        });
    try (var cluster = new TestCluster(root, 1).startAll()) {
      cluster.propose(cluster.awaitLeader(), TestCommands.register("a-1"));
      await("Ratis's applying thread")
          .atMost(TestCluster.PATIENCE)
          .until(() -> threads.stream().anyMatch(name -> name.contains("StateMachineUpdater")));
    }
  }

  /** As where the disk was full when Ratis wrote them. */
  @Test
  void whereTheLogStillTellsThemTheyAreWrittenAgainAtTheStart() throws Exception {
    try (var cluster = new TestCluster(root, 1).startAll()) {
      cluster.propose(cluster.awaitLeader(), TestCommands.register("a-1"));
      cluster.stop("n1");
      var stored = new StoredMembers(current(cluster));
      LogEntryProto whole = stored.read().orElseThrow();
      Files.write(current(cluster).resolve("raft-meta.conf"), new byte[0]);
      assertThat(stored.read()).isEmpty();

      DataDirectory.open(cluster.options("n1")).requireWhole(Set.of("n1"));

      assertThat(stored.read()).contains(whole);
      cluster.start("n1");
      cluster.awaitLeader();
      assertThat(cluster.readsLinearizably("n1", "a-1")).isTrue();
    }
  }

  private static Path current(TestCluster cluster) throws IOException {
    try (DirectoryStream<Path> groups =
        Files.newDirectoryStream(cluster.directory("n1").resolve("raft"))) {
      return groups.iterator().next().resolve("current");
    }
  }

  private Path file() {
    return root.resolve("raft-meta.conf");
  }

  private static LogEntryProto entry(long index, String... ids) {
    return LogEntryProto.newBuilder()
        .setTerm(1)
        .setIndex(index)
        .setConfigurationEntry(members(ids))
        .build();
  }

  private static RaftConfigurationProto members(String... ids) {
    var members = RaftConfigurationProto.newBuilder();
    for (String id : ids) {
      members.addPeers(RaftPeerProto.newBuilder().setId(ByteString.copyFromUtf8(id)));
    }
    return members.build();
  }
}
