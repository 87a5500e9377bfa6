package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.release;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RequestBuild;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same entries give the same registry, however they are batched, copied and replayed. */
@Timeout(120)
class ReplicasAgreeTest {
  private static final int ENTRIES = 600;

  /** Derived, copied, or of this replica alone. */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "progress.id",
          "progress.applied_term",
          "progress.applied_index",
          "asset_labels.created_at",
          "asset_labels.type",
          "sessions.lease_count");

  private static final Command WANTED =
      Command.newBuilder()
          .setRequestBuild(
              RequestBuild.newBuilder()
                  .setKey("0f".repeat(32))
                  .setImage("image")
                  .putSelector("docker_image", "image")
                  .setSuggestedAssetId("suggested")
                  .setTimeoutMillis(1_000))
          .build();

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void batchingDoesNotShow(long seed) {
    List<LogEntry> entries = new RandomEntries(seed).next(ENTRIES);
    List<Outcome> singly = new ArrayList<>();
    List<Outcome> batched = new ArrayList<>();
    try (TestRegistry one = new TestRegistry(directory.resolve("one"));
        TestRegistry other = new TestRegistry(directory.resolve("other"))) {
      for (int from = 0; from < ENTRIES; from += 60) {
        List<LogEntry> part = entries.subList(from, from + 60);
        part.forEach(entry -> singly.addAll(one.apply(entry)));
        batched.addAll(applyTogether(other, part));

        assertThat(other.hash()).as("seed %d after %d", seed, from + 60).isEqualTo(one.hash());
        assertThat(batched).as("outcomes of seed %d", seed).isEqualTo(singly);
        try (Sql sql = Connections.reader(directory.resolve("one"))) {
          Invariants.thoroughly(sql);
        }
      }
    }
    RegistryDatabase.verify(directory.resolve("one"));
    RegistryDatabase.verify(directory.resolve("other"));
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void replayingFromACopyOfAnyPrefixEndsEqual(long seed) {
    List<LogEntry> entries = new RandomEntries(seed).next(ENTRIES);
    List<Path> copies = new ArrayList<>();
    String hash;
    try (TestRegistry registry = new TestRegistry(directory.resolve("live"))) {
      for (int i = 0; i < ENTRIES; i++) {
        if (i % 97 == 0) {
          Path copy = directory.resolve("copy" + i);
          registry.database.copyTo(copy);
          copies.add(copy);
        }
        registry.apply(entries.get(i));
      }
      hash = registry.hash();
    }
    for (Path copy : copies) {
      try (TestRegistry registry = new TestRegistry(copy)) {
        int applied = Math.toIntExact(registry.database.applied().index() + 1);
        applyTogether(registry, entries.subList(applied, ENTRIES));

        assertThat(registry.hash()).as("seed %d from %d on", seed, applied).isEqualTo(hash);
        assertThat(registry.database.applied().index()).isEqualTo(ENTRIES - 1);
      }
    }
  }

  @Test
  void everyReplicatedColumnCountsInTheHash() {
    Path file = directory.resolve("live");
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(
          register(asset("a").toBuilder().putLabels("k", "v").build()),
          acquire("a", "l", 5),
          LeaseTestCommands.openSession("s", "host", 1_000, 0),
          LeaseTestCommands.keyed("key", "print", acquire("a", "l2", 0)),
          release("l2"),
          BlobTestCommands.reserve("r"),
          BlobTestCommands.condemn("outside/x"),
          UploadTestCommands.open("u"),
          UploadTestCommands.append("u", 0, 5, "p"),
          WANTED);
    }
    try (Sql sql = Sql.open(file, false)) {
      String before = StateHash.of(sql);
      sql.execute("PRAGMA ignore_check_constraints = ON");
      for (Column column : columns(sql)) {
        sql.execute("BEGIN");
        int changed = sql.update("UPDATE " + column.table() + " SET " + column.change());
        assertThat(changed).as("rows of %s", column.table()).isPositive();
        if (LEFT_OUT.contains(column.table() + "." + column.name())) {
          assertThat(StateHash.of(sql)).as("%s", column).isEqualTo(before);
        } else {
          assertThat(StateHash.of(sql)).as("%s", column).isNotEqualTo(before);
        }
        sql.rollback();
      }
      sql.execute("VACUUM");
      assertThat(StateHash.of(sql)).as("layout").isEqualTo(before);
    }
  }

  private static List<Column> columns(Sql sql) {
    return sql.list(
        """
        SELECT t.name, c.name, c.type FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
          WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'
            AND t.name NOT IN ('label_counts', 'type_counts')
        """,
        row -> new Column(row.text(1), row.text(2), row.text(3)));
  }

  private record Column(String table, String name, String type) {
    String change() {
      return switch (type) {
        case "INTEGER" -> name + " = coalesce(" + name + ", 0) + 1";
        case "TEXT" -> name + " = coalesce(" + name + ", '') || 'x'";
        case "BLOB" -> name + " = x'00'";
        default -> throw new AssertionError("no change for " + this);
      };
    }
  }

  @CanIgnoreReturnValue
  private static List<Outcome> applyTogether(TestRegistry registry, List<LogEntry> entries) {
    LogPosition applied = registry.database.applied();
    RegistryWriter writer = registry.database.writer();
    List<Outcome> outcomes = new ArrayList<>();
    writer.begin();
    entries.forEach(entry -> outcomes.addAll(writer.apply(entry)));
    writer.commit(new LogPosition(1, applied.index() + entries.size()));
    return outcomes;
  }
}
