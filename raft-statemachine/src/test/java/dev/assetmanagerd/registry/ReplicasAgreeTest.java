package dev.assetmanagerd.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same entries give the same registry, however they are batched, copied and replayed. */
@Timeout(120)
class ReplicasAgreeTest {
  private static final int ENTRIES = 600;

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
        assertInvariants(directory.resolve("one"), seed);
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

  /** Guards the two tests above: a generator that never meets a rule would prove nothing. */
  @Test
  void theRandomEntriesMeetEveryKindOfOutcomeAndRejection() {
    Set<Outcome.KindCase> kinds = EnumSet.noneOf(Outcome.KindCase.class);
    Set<String> details = new TreeSet<>();
    try (TestRegistry registry = new TestRegistry(directory.resolve("live"))) {
      for (Outcome outcome : applyTogether(registry, new RandomEntries(1).next(3 * ENTRIES))) {
        kinds.add(outcome.getKindCase());
        if (outcome.hasRejection()) {
          details.add(outcome.getRejection().getRule().name());
        }
        outcome.getDeletionMarked().getRefusedList().forEach(r -> details.add(r.getWhy().name()));
      }
    }
    assertThat(kinds)
        .contains(
            Outcome.KindCase.REJECTION,
            Outcome.KindCase.ASSET_REGISTERED,
            Outcome.KindCase.LEASE_GRANTED,
            Outcome.KindCase.LEASE_RELEASED,
            Outcome.KindCase.DELETION_MARKED,
            Outcome.KindCase.ASSETS_PURGED,
            Outcome.KindCase.LEASES_EXPIRED,
            Outcome.KindCase.ASSETS_TOUCHED);
    assertThat(details)
        .containsExactly(
            "RULE_ASSET_EXISTS",
            "RULE_ASSET_NOT_AVAILABLE",
            "RULE_ASSET_NOT_FOUND",
            "RULE_INVALID",
            "RULE_LEASE_NOT_FOUND",
            "RULE_LOCATION_BEING_DELETED",
            "WHY_DELETING",
            "WHY_LEASED",
            "WHY_NOT_FOUND",
            "WHY_TOO_YOUNG");
  }

  @Test
  void everyReplicatedColumnCountsInTheHash() {
    Path file = directory.resolve("live");
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(
          Commands.register(Commands.asset("a").toBuilder().putLabels("k", "v").build()),
          Commands.register("b"),
          Commands.acquire("a", "l", 5));
    }
    Map<String, List<String>> columns =
        Map.of(
            "assets",
            List.of(
                "name = name || 'x'",
                "type = 4",
                "status = 1",
                "backend = 3",
                "location = location || 'x'",
                "size_bytes = size_bytes + 1",
                "checksum = checksum || 'x'",
                "created_by = created_by || 'x'",
                "created_at = created_at + 1",
                "last_accessed_at = last_accessed_at + 1",
                "lease_count = lease_count + 1",
                "build_id = build_id || 'x'",
                "source_image = source_image || 'x'"),
            "asset_labels",
            List.of("asset_id = 'b'", "key = 'x'", "value = 'x'"),
            "leases",
            List.of(
                "id = 'x'",
                "asset_id = 'b'",
                "acquired_by = 'x'",
                "acquired_at = acquired_at + 1",
                "expires_at = expires_at + 1",
                "ttl_millis = ttl_millis + 1",
                "expires_at = NULL"),
            "progress",
            List.of(
                "cluster_time_millis = cluster_time_millis + 1",
                "clock_term = clock_term + 1",
                "clock_reading = clock_reading + 1"));
    try (Sql sql = Connections.writer(file)) {
      String before = StateHash.of(sql);
      columns.forEach(
          (table, changes) ->
              changes.forEach(
                  change -> {
                    sql.execute("BEGIN");
                    sql.execute("UPDATE " + table + " SET " + change);
                    assertThat(StateHash.of(sql)).as("%s: %s", table, change).isNotEqualTo(before);
                    sql.rollback();
                  }));
      sql.execute("UPDATE progress SET applied_term = 9, applied_index = 99");
      sql.execute("VACUUM");
      assertThat(StateHash.of(sql)).as("position and layout").isEqualTo(before);
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

  private static void assertInvariants(Path file, long seed) {
    Map<String, String> violations =
        Map.of(
            "an asset counts other leases than it has",
            "SELECT count(*) FROM assets AS a WHERE lease_count <>"
                + " (SELECT count(*) FROM leases WHERE asset_id = a.id)",
            "a lease holds an asset that is not AVAILABLE",
            "SELECT count(*) FROM leases JOIN assets AS a ON a.id = asset_id WHERE a.status <> 2",
            "a label carries another key than its asset",
            "SELECT count(*) FROM asset_labels AS l JOIN assets AS a ON a.id = l.asset_id"
                + " WHERE l.created_at <> a.created_at OR l.type <> a.type",
            "types are miscounted",
            "SELECT count(*) FROM (SELECT type, assets FROM type_counts WHERE assets > 0 EXCEPT"
                + " SELECT type, count(*) FROM assets GROUP BY type)",
            "labels are miscounted",
            "SELECT count(*) FROM (SELECT key, value, assets FROM label_counts EXCEPT"
                + " SELECT key, value, count(*) FROM asset_labels GROUP BY key, value)",
            "labels are not counted",
            "SELECT count(*) FROM (SELECT key, value, count(*) FROM asset_labels"
                + " GROUP BY key, value EXCEPT SELECT key, value, assets FROM label_counts)");
    try (Sql sql = Connections.reader(file)) {
      violations.forEach(
          (violation, query) ->
              assertThat(sql.integer(query)).as("seed %d: %s", seed, violation).isZero());
    }
  }
}
