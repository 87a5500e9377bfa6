package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.registry.RegistryWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplicaHashesTest {
  private static final int ASSETS = 3_000;

  @TempDir Path root;

  @SuppressWarnings("NullAway.Init") // before each test
  private RegistryDatabase database;

  @SuppressWarnings("NullAway.Init") // before each test
  private ReplicaHashes hashes;

  private final AtomicReference<RegistryException> damage = new AtomicReference<>();
  private int next;

  @BeforeEach
  void open() {
    database = RegistryDatabase.open(root.resolve("registry.db"));
    hashes = new ReplicaHashes(() -> database.snapshot(), damage::set);
  }

  @AfterEach
  void close() {
    hashes.close();
    database.close();
  }

  private LogPosition write(int assets) {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < assets; i++) {
      commands.add(TestCommands.register("a-" + next++));
    }
    LogPosition position = new LogPosition(1, database.applied().index() + 1);
    RegistryWriter writer = database.writer();
    writer.begin();
    writer.apply(
        LogEntry.newBuilder()
            .setFormatLevel(FormatLevels.BASE)
            .setWallTimeMillis(1_700_000_000_000L)
            .setTerm(1)
            .addAllCommands(commands)
            .build());
    writer.commit(position);
    return position;
  }

  private ReplicaHash awaitEnd(String checkId) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> hashes.get(checkId), hash -> hash.getState() != ReplicaHash.State.STATE_RUNNING);
  }

  @Test
  void theHashIsOfThePositionThoughTheWriterGoesOn() {
    LogPosition position = write(ASSETS);
    String then = database.read(RegistryView::stateHash);

    hashes.begin("check", position);
    write(1);

    assertThat(database.read(RegistryView::stateHash)).isNotEqualTo(then);
    ReplicaHash hash = awaitEnd("check");
    assertThat(hash.getState()).as(hash.getError()).isEqualTo(ReplicaHash.State.STATE_DONE);
    assertThat(hash.getHash()).isEqualTo(then);
    assertThat(hash.getIndex()).isEqualTo(position.index());
  }

  @Test
  void theNextCheckEndsTheOneUnderWayAndIsAloneKept() {
    LogPosition position = write(ASSETS);
    hashes.begin("first", position);
    hashes.begin("second", position);

    assertThat(hashes.get("first").getState()).isEqualTo(ReplicaHash.State.STATE_UNKNOWN);
    assertThat(awaitEnd("second").getState()).isEqualTo(ReplicaHash.State.STATE_DONE);
    assertThat(hashes.get("third").getState()).isEqualTo(ReplicaHash.State.STATE_UNKNOWN);
  }

  @Test
  void cancellingLetsGoOfTheDatabase() {
    hashes.begin("check", write(ASSETS));
    hashes.cancel();

    ReplicaHash hash = awaitEnd("check");
    assertThat(hash.getState()).isIn(ReplicaHash.State.STATE_FAILED, ReplicaHash.State.STATE_DONE);
    hashes.cancel();
  }

  @Test
  void aSnapshotOfAnotherPositionOrNoneIsNoHash() {
    LogPosition position = write(1);
    hashes.begin("early", new LogPosition(1, position.index() + 1));
    assertThat(awaitEnd("early").getState()).isEqualTo(ReplicaHash.State.STATE_FAILED);

    database.close();
    hashes.begin("closed", position);
    assertThat(hashes.get("closed"))
        .satisfies(hash -> assertThat(hash.getState()).isEqualTo(ReplicaHash.State.STATE_FAILED))
        .satisfies(hash -> assertThat(hash.getError()).contains("closed"));
    assertThat(damage).hasNullValue();
  }
}
