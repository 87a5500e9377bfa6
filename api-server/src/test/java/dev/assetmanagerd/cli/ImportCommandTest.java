package dev.assetmanagerd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.assetmanagerd.asset.CliFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Databases of a single-node daemon, whole and hostile, imported into a real registry and store.
 */
class ImportCommandTest {
  private final long tomorrow = Instant.now().getEpochSecond() + 86_400;

  @TempDir Path directory;
  private CliFixture node;
  private Path file;

  @BeforeEach
  void start() throws Exception {
    node = CliFixture.in(Files.createDirectory(directory.resolve("node")));
    file = Files.createDirectory(directory.resolve("old")).resolve("assets #1%20.db");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private CliRun run(String... arguments) {
    return CliRun.of(node, arguments);
  }

  private static long count(CliRun ran, String table, String what) {
    return ran.printed().getAsJsonObject(table).get(what).getAsLong();
  }

  private CliRun importing(String... more) {
    List<String> all = new ArrayList<>(List.of("import", file.toString(), "-ojson"));
    all.addAll(List.of(more));
    return run(all.toArray(String[]::new));
  }

  private void blob(String id) throws IOException {
    blob(id, "hello");
  }

  private void blob(String id, String content) throws IOException {
    Path target = node.blobDirectory().resolve("old/" + id);
    Files.createDirectories(target.getParent());
    Files.writeString(target, content);
  }

  private JsonObject asset(String id) {
    CliRun ran = run("asset", "get", id, "-ojson");
    assertThat(ran.exitCode()).as(ran.err()).isZero();
    return ran.printed().getAsJsonObject("asset");
  }

  private boolean hasAsset(String id) {
    return run("asset", "get", id).exitCode() == ExitCodes.OK;
  }

  /** Reason of each row that has one, by kind and id. */
  private static Map<String, String> reasons(Path report) throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    for (String line : Files.readAllLines(report)) {
      JsonObject row = JsonParser.parseString(line).getAsJsonObject();
      String reason = row.get("reason").getAsString();
      if (!reason.isEmpty()) {
        assertThat(row.get("message").getAsString()).as(line).isNotEmpty();
        reasons.merge(
            row.get("kind").getAsString() + " " + row.get("id").getAsString(),
            reason,
            (one, other) -> one + "+" + other);
      }
    }
    return reasons;
  }

  private void wholeDatabase() throws Exception {
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      for (String id : List.of("a", "b", "c")) {
        old.asset(id);
        blob(id);
        old.label(id, "env", "prod");
        old.label(id, "docker_image", "img:" + id);
      }
      old.lease("l1", "a", "vm-1", null);
      old.lease("l2", "a", "vm-2", tomorrow);
      old.lease("l3", "b", "vm-3", tomorrow);
      old.set("a", "reference_count", 2);
      old.set("b", "reference_count", 1);
    }
  }

  @Test
  void aReportThatCannotBeWrittenIsSaidInALine() throws Exception {
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      for (int i = 0; i < 200; i++) { // more than is kept back before it is written
        old.asset("asset-" + i);
      }
    }
    CliRun full = importing("--dry-run", "--report=/dev/full");
    assertThat(full.exitCode()).isEqualTo(ExitCodes.INTERNAL);
    assertThat(full.err())
        .isEqualToIgnoringNewLines("error: --report: /dev/full: No space left on device");
    Path nowhere = directory.resolve("missing/report.jsonl");
    CliRun missing = importing("--report=" + nowhere);
    assertThat(missing.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(missing.err()).contains("--report: " + nowhere + ": there is no such directory");
    assertThat(hasAsset("asset-0")).as("nothing was begun").isFalse();
  }

  @Test
  void aWholeDatabaseIsImportedWithAllItsColumns() throws Exception {
    wholeDatabase();

    CliRun ran = importing();

    assertThat(ran.exitCode()).as(ran.out() + ran.err()).isZero();
    assertThat(count(ran, "assets", "imported")).isEqualTo(3);
    assertThat(count(ran, "leases", "imported")).isEqualTo(3);
    assertThat(ran.printed().get("labels").getAsLong()).isEqualTo(6);
    assertThat(ran.printed().getAsJsonArray("groups")).isEmpty();
    JsonObject c = asset("c");
    assertThat(c.get("name").getAsString()).isEqualTo("name of c");
    assertThat(c.get("location").getAsString()).isEqualTo("old/c");
    assertThat(c.get("type").getAsString()).isEqualTo("ASSET_TYPE_KERNEL");
    assertThat(c.get("status").getAsString()).isEqualTo("ASSET_STATUS_AVAILABLE");
    assertThat(c.get("createdBy").getAsString()).isEqualTo("metald");
    assertThat(c.get("createdAt").getAsLong()).isEqualTo(OldDaemonFile.CREATED);
    assertThat(c.get("lastAccessedAt").getAsLong()).isEqualTo(OldDaemonFile.CREATED + 60);
    assertThat(c.get("buildId").getAsString()).isEqualTo("b1");
    assertThat(c.get("sourceImage").getAsString()).isEqualTo("img");
    assertThat(c.getAsJsonObject("labels").get("docker_image").getAsString()).isEqualTo("img:c");
    assertThat(asset("a").get("referenceCount").getAsInt()).isEqualTo(2);
    assertThat(asset("a").get("lastAccessedAt").getAsLong())
        .as("in use")
        .isGreaterThan(OldDaemonFile.CREATED + 60);
    JsonObject lease = run("lease", "get", "l2", "-ojson").printed().getAsJsonObject("lease");
    assertThat(lease.get("acquiredBy").getAsString()).isEqualTo("vm-2");
    assertThat(lease.get("acquiredAt").getAsLong()).isEqualTo(OldDaemonFile.CREATED + 60);
    assertThat(lease.get("ttlSeconds").getAsLong())
        .isEqualTo(tomorrow - OldDaemonFile.CREATED - 60);
    assertThat(run("asset", "release", "l1").exitCode()).isZero();
  }

  @Test
  void importingAgainLeavesEverythingUnchangedAndAddsOnlyWhatIsNew() throws Exception {
    wholeDatabase();
    assertThat(importing().exitCode()).isZero();
    String assets = run("asset", "list", "-ojson").out();

    CliRun again = importing();

    assertThat(again.exitCode()).isZero();
    assertThat(count(again, "assets", "unchanged")).isEqualTo(3);
    assertThat(count(again, "leases", "unchanged")).isEqualTo(3);
    assertThat(run("asset", "list", "-ojson").out()).isEqualTo(assets);
    try (OldDaemonFile old = new OldDaemonFile(file)) {
      old.asset("d");
      old.lease("l4", "d", "vm-4", null);
      old.set("d", "reference_count", 1);
    }
    blob("d");
    CliRun more = importing();
    assertThat(count(more, "assets", "imported")).isEqualTo(1);
    assertThat(count(more, "leases", "imported")).isEqualTo(1);
    assertThat(count(more, "assets", "unchanged")).isEqualTo(3);
  }

  @Test
  void whatTheClusterHasReleasedOrDeletedDoesNotComeBack() throws Exception {
    wholeDatabase();
    assertThat(importing().exitCode()).isZero();
    assertThat(run("asset", "release", "l1").exitCode()).isZero();
    assertThat(run("asset", "delete", "c").exitCode()).isZero();
    org.awaitility.Awaitility.await().until(() -> !hasAsset("c"));

    CliRun again = importing();

    assertThat(again.exitCode()).as(again.out()).isZero();
    assertThat(count(again, "assets", "leftOut")).isEqualTo(1);
    assertThat(count(again, "leases", "leftOut")).isEqualTo(1);
    assertThat(hasAsset("c")).isFalse();
    assertThat(run("lease", "get", "l1").exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
  }

  @Test
  void aDryRunSaysTheSameAsTheImportAndChangesNothing() throws Exception {
    wholeDatabase();
    try (OldDaemonFile old = new OldDaemonFile(file)) {
      old.asset("nothing");
      old.lease("dangling", "nothing", "vm-9", null);
      old.set("nothing", "reference_count", 1);
    }

    CliRun dry = importing("--dry-run");

    assertThat(dry.exitCode()).isEqualTo(ExitCodes.CONFLICT);
    assertThat(run("asset", "list", "-ojson").printed().getAsJsonArray("assets")).isEmpty();
    CliRun real = importing();
    for (String table : List.of("assets", "leases")) {
      assertThat(real.printed().get(table)).isEqualTo(dry.printed().get(table));
    }
    assertThat(real.printed().get("groups")).isEqualTo(dry.printed().get("groups"));
    assertThat(count(dry, "leases", "imported")).isEqualTo(3);
    assertThat(count(dry, "leases", "skipped")).isEqualTo(1);
  }

  @Test
  void everyBadRowOfAHostileDatabaseIsReportedAndKeepsNoGoodOneOut() throws Exception {
    Map<String, String> expected = new TreeMap<>();
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      for (String id : hostileAssets(old, expected)) {
        blob(id);
      }
      hostileLabels(old, expected);
      hostileLeases(old, expected);
    }
    Path report = directory.resolve("report.jsonl");

    CliRun ran = importing("--report=" + report);

    assertThat(reasons(report)).isEqualTo(expected);
    assertThat(ran.exitCode()).isEqualTo(ExitCodes.CONFLICT);
    assertThat(count(ran, "assets", "imported")).isEqualTo(3);
    assertThat(count(ran, "leases", "imported")).isEqualTo(1);
    assertThat(
            run("asset", "list", "-ojson").printed().getAsJsonArray("assets").asList().stream()
                .map(asset -> asset.getAsJsonObject().get("id").getAsString()))
        .containsExactlyInAnyOrder("good", "labels-ok", "counted");
    assertThat(asset("good").get("referenceCount").getAsInt()).isEqualTo(1);
    assertThat(importing("--accept-skipped").exitCode()).isZero();
  }

  /** Returns the ids of those whose blob is there. */
  private static List<String> hostileAssets(OldDaemonFile old, Map<String, String> expected)
      throws SQLException {
    List<String> ids = new ArrayList<>();
    record Bad(String id, String column, Object value, String reason) {}
    String nul = "a\0b";
    for (Bad bad :
        List.of(
            new Bad("uploading", "status", 1, "status"),
            new Bad("deleting", "status", 3, "status"),
            new Bad("no-status", "status", 0, "status"),
            new Bad("odd-status", "status", 77, "status"),
            new Bad("huge-status", "status", 1L << 40, "malformed"),
            new Bad("text-status", "status", "AVAILABLE", "malformed"),
            new Bad("no-type", "type", 0, "invalid"),
            new Bad("odd-type", "type", 9, "invalid"),
            new Bad("odd-backend", "backend", 9, "invalid"),
            new Bad("http", "backend", 3, "backend"),
            new Bad("no-name", "name", "", "invalid"),
            new Bad("long-name", "name", "n".repeat(257), "invalid"),
            new Bad("longest-name", "name", "n".repeat(5_000_000), "malformed"),
            new Bad("nul-name", "name", nul, "invalid"),
            new Bad("blob-name", "name", new byte[] {1, 2}, "malformed"),
            new Bad("climbs", "location", "/opt/vm-assets/../etc/passwd", "invalid"),
            new Bad("elsewhere", "location", "/etc/passwd", "invalid"),
            new Bad("no-location", "location", "", "invalid"),
            new Bad("another-digest", "location", "ab/" + "ab".repeat(32), "blob_missing"),
            new Bad("negative", "size_bytes", -1, "invalid"),
            new Bad("real-size", "size_bytes", 5.5, "malformed"),
            new Bad("other-size", "size_bytes", 6, "blob_differs"),
            new Bad("no-digest", "checksum", "abc", "invalid"),
            new Bad("past", "created_at", -5, "invalid"),
            new Bad("far-future", "created_at", Long.MAX_VALUE, "invalid"),
            new Bad("long-image", "source_image", "i".repeat(1025), "invalid"))) {
      old.asset(bad.id());
      old.set(bad.id(), bad.column(), bad.value());
      expected.put("asset " + bad.id(), bad.reason());
      ids.add(bad.id());
    }
    for (String id : List.of("good", "labels-ok", "counted", "twice", "broken-error")) {
      old.asset(id);
      ids.add(id);
    }
    old.execute("INSERT INTO assets SELECT * FROM assets WHERE id = 'twice'");
    old.set("twice", "status", 1);
    expected.put("asset twice", "duplicate+status");
    old.set("broken-error", "status", 4);
    old.set("broken-error", "checksum", "ab".repeat(32));
    expected.put("asset broken-error", "blob_differs");
    old.asset("nowhere");
    expected.put("asset nowhere", "blob_missing");
    old.asset("no id");
    expected.put("asset no id", "invalid");
    old.asset("to-null");
    old.execute("UPDATE assets SET id = NULL WHERE id = 'to-null'");
    expected.put("asset ", "malformed");
    old.set("counted", "reference_count", 12);
    expected.put("asset counted", "reference_count");
    old.set("good", "reference_count", 1);
    return ids;
  }

  private static void hostileLabels(OldDaemonFile old, Map<String, String> expected)
      throws SQLException {
    old.label("labels-ok", "", null);
    old.execute("DELETE FROM asset_labels WHERE key = ''");
    old.label("labels-ok", "k", null);
    old.label("long-gone", "k", "v");
    old.label("zz", "k", "v");
    expected.put("label long-gone", "asset_not_found");
    expected.put("label zz", "asset_not_found");
    old.label(17, "k", "v");
    expected.put("label ", "malformed");
  }

  private void hostileLeases(OldDaemonFile old, Map<String, String> expected) throws SQLException {
    old.lease("fine", "good", "vm-1", tomorrow);
    old.lease("over", "good", "vm-1", 1_000_000_000L);
    expected.put("lease over", "expired");
    old.lease("at-zero", "good", "vm-1", 0);
    expected.put("lease at-zero", "expired");
    old.lease("for-ages", "counted", "vm-1", Long.MAX_VALUE);
    expected.put("lease for-ages", "invalid");
    old.lease("in-text", "good", "vm-1", "tomorrow");
    expected.put("lease in-text", "malformed");
    old.lease("no-holder", "counted", "", tomorrow);
    expected.put("lease no-holder", "invalid");
    old.lease("dangling", "long-gone", "vm-1", null);
    expected.put("lease dangling", "asset_not_found");
    old.lease("on-skipped", "nowhere", "vm-1", tomorrow);
    expected.put("lease on-skipped", "asset_not_found");
    expected.merge("asset nowhere", "reference_count", (reason, also) -> also + "+" + reason);
    old.lease("odd id", "counted", "vm-1", tomorrow);
    expected.put("lease odd id", "invalid");
    old.lease(null, "good", "vm-1", 1);
    expected.put("lease ", "malformed");
    // Those of "counted", and that in text, are live by the old daemon's rules.
    old.set("good", "reference_count", 2);
  }

  @Test
  void assetsWithoutTheirBlobAreTakenAsErrorWhereThatIsAllowed() throws Exception {
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      old.asset("a");
      old.lease("l", "a", "vm-1", null);
      old.set("a", "reference_count", 1);
    }
    assertThat(count(importing("--skip-missing-blobs"), "assets", "skipped")).isEqualTo(1);

    CliRun ran = importing("--allow-missing-blobs");

    assertThat(count(ran, "assets", "imported")).isEqualTo(1);
    assertThat(count(ran, "leases", "skipped")).isEqualTo(1);
    assertThat(asset("a").get("status").getAsString()).isEqualTo("ASSET_STATUS_ERROR");
    blob("a");
    assertThat(run("gc", "sweep").exitCode()).isZero();
    CliRun after = importing();
    assertThat(asset("a").get("status").getAsString()).isEqualTo("ASSET_STATUS_AVAILABLE");
    assertThat(count(after, "assets", "unchanged")).isEqualTo(1);
    assertThat(count(after, "leases", "imported")).isEqualTo(1);
  }

  @Test
  void whatTheOldDaemonDidNotKnowOfTheBytesIsFoundOut() throws Exception {
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      old.asset("a");
      old.set("a", "size_bytes", null);
      old.set("a", "checksum", null);
      old.asset("b");
      old.set("b", "status", 4);
    }
    blob("a", "some other bytes");
    blob("b");

    assertThat(importing().exitCode()).isZero();

    assertThat(asset("a").get("sizeBytes").getAsLong()).isEqualTo(16);
    assertThat(asset("a").get("checksum").getAsString()).hasSize(64);
    assertThat(asset("b").get("status").getAsString())
        .as("its bytes are what they should be")
        .isEqualTo("ASSET_STATUS_AVAILABLE");
    assertThat(count(importing(), "assets", "unchanged")).isEqualTo(2);
  }

  @Test
  void anotherRootOfTheOldDaemonIsLeftOutOfLocations() throws Exception {
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      old.asset("a");
      old.set("a", "location", "/srv/images/old/a");
      old.asset("b");
      old.set("b", "location", "old/b");
      old.asset("c");
      old.set("c", "location", node.blobDirectory().resolve("old/c").toString());
    }
    for (String id : List.of("a", "b", "c")) {
      blob(id);
    }

    assertThat(importing("--old-storage-path=/srv/images").exitCode()).isZero();

    for (String id : List.of("a", "b", "c")) {
      assertThat(asset(id).get("location").getAsString()).isEqualTo("old/" + id);
    }
  }

  @Test
  void theFileAndWhatIsBesideItAreNotTouchedAndAWriteAheadLogIsReadToo() throws Exception {
    Path original = directory.resolve("running.db");
    try (OldDaemonFile old = new OldDaemonFile(original)) {
      old.pragma("journal_mode = WAL");
      old.execute(OldDaemonFile.ASSETS);
      old.execute(OldDaemonFile.LABELS);
      old.execute(OldDaemonFile.LEASES);
      old.asset("a");
      blob("a");
      // As a crash leaves them: all is in the log, and nothing in the file.
      Files.copy(original, file);
      Files.copy(Path.of(original + "-wal"), Path.of(file + "-wal"));
    }
    Map<String, FileTime> before = files(directory.resolve("old"));
    assertThat(before).hasSize(2);

    CliRun ran = importing();

    assertThat(count(ran, "assets", "imported")).as(ran.out() + ran.err()).isEqualTo(1);
    assertThat(files(directory.resolve("old"))).isEqualTo(before);
  }

  private static Map<String, FileTime> files(Path directory) throws IOException {
    Map<String, FileTime> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path file : all.toList()) {
        files.put(file + " " + Files.size(file), Files.getLastModifiedTime(file));
      }
    }
    return files;
  }

  @Test
  void aFileThatIsNoSuchDatabaseIsRefusedAndSaysWhatIsMissing() throws Exception {
    assertThat(importing().err()).contains("does not exist");
    Files.writeString(file, "no database at all, whatever its name says");
    assertRefused("is not a SQLite database");
    Files.delete(file);
    try (OldDaemonFile old = new OldDaemonFile(file)) {
      old.execute("CREATE TABLE assets (id, name)");
      old.execute("CREATE VIEW asset_labels AS SELECT 1 AS asset_id, 2 AS key, 3 AS value");
      old.execute(OldDaemonFile.LEASES);
    }
    assertRefused("missing: table asset_labels, column assets.type");
    assertThat(run("import", file.toString(), "--old-storage-path=x").exitCode())
        .isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void aDamagedDatabaseIsRefusedBeforeAnythingIsImported() throws Exception {
    try (OldDaemonFile old = OldDaemonFile.create(file)) {
      for (int i = 0; i < 200; i++) {
        old.asset("a" + i);
      }
    }
    byte[] bytes = Files.readAllBytes(file);
    Arrays.fill(bytes, 4 * 4096, 5 * 4096, (byte) 0x5a);
    Files.write(file, bytes);

    assertRefused("is damaged");
    assertThat(run("asset", "list", "-ojson").printed().getAsJsonArray("assets")).isEmpty();
  }

  private void assertRefused(String why) {
    CliRun ran = importing();
    assertThat(ran.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(ran.err()).startsWith("error: ").contains(why);
  }

  @Test
  void theTableForPeopleShowsCountsReasonsAndExamples() throws Exception {
    wholeDatabase();
    try (OldDaemonFile old = new OldDaemonFile(file)) {
      old.asset("evil\u001b[2J");
    }

    CliRun ran = run("import", file.toString());

    assertThat(ran.out())
        .contains("assets  4     3         0          0         1")
        .contains("asset skipped: invalid, 1; the first of them:")
        .contains("6 labels; ")
        .doesNotContain("\u001b");
  }
}
