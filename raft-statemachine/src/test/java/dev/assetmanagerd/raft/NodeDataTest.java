package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The directory of a node that does not run can be emptied for it to begin anew. */
class NodeDataTest {
  @TempDir private Path root;

  @Test
  void whatIsSetAsideIsKeptAndTheNodeBeginsAnew() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      cluster.propose("n1", TestCommands.register("a-1"));
      cluster.stop("n1");
      NodeData data = new NodeData(cluster.directory("n1"));
      assertThat(data.isEmpty()).isFalse();

      data.setAside("set-aside-1");

      assertThat(data.isEmpty()).isTrue();
      Path aside = cluster.directory("n1").resolve("set-aside-1");
      assertThat(aside.resolve("node.json")).isRegularFile();
      assertThat(aside.resolve("db").resolve("registry.db")).isRegularFile();
      assertThat(aside.resolve("raft")).isNotEmptyDirectory();
      cluster.start("n1");
      assertThat(cluster.readsLinearizably("n1", "a-1")).isFalse();
    }
  }

  @Test
  void interruptedInTheMiddleNothingStartsAndItCanBeRepeated() throws Exception {
    try (var cluster = new TestCluster(root, 1)) {
      cluster.start("n1");
      cluster.propose("n1", TestCommands.register("a-1"));
      cluster.stop("n1");
      Path aside = Files.createDirectories(cluster.directory("n1").resolve("set-aside-1"));
      Files.move(cluster.directory("n1").resolve("raft"), aside.resolve("raft"));
      assertThatThrownBy(() -> cluster.start("n1")).isInstanceOf(DamagedException.class);

      NodeData data = new NodeData(cluster.directory("n1"));
      data.setAside("set-aside-1");
      assertThat(data.isEmpty()).isTrue();
      assertThat(aside.resolve("raft")).isNotEmptyDirectory();
    }
  }

  @Test
  void onlyTheLastOfWhatWasSetAsideIsKept() throws IOException {
    Files.createDirectories(root.resolve("set-aside-1").resolve("db"));
    Files.createDirectories(root.resolve("set-aside-2").resolve("db"));
    Files.createDirectories(root.resolve("raft"));
    new NodeData(root).forget("set-aside-", "set-aside-2");
    assertThat(root).isDirectoryNotContaining("glob:**/set-aside-1");
    assertThat(root.resolve("set-aside-2")).isDirectory();
    assertThat(root.resolve("raft")).isDirectory();
  }

  @Test
  void whatARunningNodeNotedIsFound() throws IOException {
    assertThat(new NodeData(root).notedDamage()).isEmpty();
    NodeMarker.fresh("test", "n1").write(root.resolve("node.json"));
    assertThat(new NodeData(root).notedDamage()).isEmpty();
    NodeMarker.fresh("test", "n1").withDamaged("it differs").write(root.resolve("node.json"));
    assertThat(new NodeData(root).notedDamage()).contains("it differs");
  }
}
