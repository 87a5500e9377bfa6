package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.BlobTestCommands.LOCAL;
import static dev.assetmanagerd.registry.BlobTestCommands.PLAIN;
import static dev.assetmanagerd.registry.BlobTestCommands.condemn;
import static dev.assetmanagerd.registry.BlobTestCommands.forget;
import static dev.assetmanagerd.registry.BlobTestCommands.found;
import static dev.assetmanagerd.registry.BlobTestCommands.missing;
import static dev.assetmanagerd.registry.BlobTestCommands.register;
import static dev.assetmanagerd.registry.BlobTestCommands.reserve;
import static dev.assetmanagerd.registry.BlobTestCommands.uploaded;
import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RequestBuild;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Deleting, uploading and building cost the same however many assets there are: each statement that
 * they run is looked at for what SQLite would walk through.
 */
class QueryPlansTest {
  /**
   * Indexes of which every row is wanted, for they hold just what is on its way; and one that is
   * asked only whether it holds any.
   */
  private static final Set<String> WALKED =
      Set.of(
          "assets_deleting",
          "blobs_condemned",
          "builds_unfinished",
          "sessions_by_expiry",
          "UPLOADSIDX");

  private static final Pattern SCAN = Pattern.compile("SCAN (\\w+)(?: USING.* INDEX (\\w+))?");
  private static final String KEY = "0f".repeat(32);

  private Path file;
  private Sql sql;
  private Applier applier;

  @BeforeEach
  void open(@TempDir Path directory) {
    file = directory.resolve("live.db");
    sql = Connections.writer(file);
    applier = new Applier(sql);
  }

  @AfterEach
  void close() {
    sql.close();
  }

  @Test
  void noCommandAboutBlobsWalksThroughATable() {
    apply(reserve("r1"), register(uploaded("a", PLAIN), "r1"));
    apply(reserve("r2"), register(uploaded("b", PLAIN), "r2"), acquire("a", "l", 5), mark("a"));
    apply(missing("b"), found("b"), mark(0, true, "a", "b"), purge("a", "b"));
    apply(reserve("r3"), reserve("r3"), condemn("x", "y"), forget("x"));

    assertLookUps(sql, 25);
  }

  @Test
  void noCommandAboutBuildsWalksThroughATable() {
    AdvanceBuild.Builder step = AdvanceBuild.newBuilder().setKey(KEY);
    apply(want(), advance(step.setStarting(AdvanceBuild.Starting.getDefaultInstance())));
    apply(register(result("a"), ""), want(), mark("a"), want());
    apply(advance(step.setAttempt(1).setFail(AdvanceBuild.Fail.getDefaultInstance())), want());

    assertLookUps(sql, 25);
  }

  @Test
  void noCommandAboutUploadsWalksThroughATable() {
    apply(UploadTestCommands.open("u"), UploadTestCommands.append("u", 0, 5, "p"));
    apply(UploadTestCommands.complete("u", "a", 5), UploadTestCommands.complete("u", "a", 5));
    apply(UploadTestCommands.open("v"), UploadTestCommands.close("v"));
    applier.prune(Long.MAX_VALUE);

    assertLookUps(sql, 25);
  }

  @Test
  void noQueryOfTheLeadersDutiesWalksThroughATable() {
    apply(reserve("r1"), register(uploaded("a", PLAIN), "r1"), want());
    try (Sql reading = Connections.reader(file)) {
      reading.update("BEGIN");
      SnapshotView view = new SnapshotView(reading);
      Asset last = view.collectable(Long.MAX_VALUE, null, 10).get(0);
      assertThat(view.collectable(Long.MAX_VALUE, last, 10)).isEmpty();
      assertThat(view.stored(LOCAL, null, 10)).hasSize(1);
      assertThat(view.storedLocations(LOCAL, "", 10)).containsExactly(PLAIN);
      assertThat(view.storedAt(LOCAL, PLAIN, 10)).hasSize(1);
      assertThat(view.unreferenced(LOCAL, List.of(PLAIN, "x"))).containsExactly("x");
      assertThat(view.isCondemned(LOCAL, PLAIN)).isFalse();
      assertThat(view.condemned(10)).isEmpty();
      assertThat(view.deleting(10)).isEmpty();
      assertThat(view.blobInUse(LOCAL, PLAIN, "b")).isTrue();
      assertThat(view.liveReferences(LOCAL, PLAIN)).isEqualTo(1);
      assertThat(view.build(KEY)).isPresent();
      assertThat(view.leasedChecksums(List.of("x", "y"))).isEmpty();
      assertThat(view.unfinishedBuilds(10)).hasSize(1);
      assertThat(view.builds("", 10)).hasSize(1);
      assertThat(view.upload("u")).isEmpty();
      assertThat(view.uploadParts("u")).isEmpty();
      assertThat(view.uploadsNotOpen(List.of("u"))).containsExactly("u");
      assertThat(view.hasDeadlines()).isTrue();
      reading.update("COMMIT");

      assertLookUps(reading, 15);
    }
  }

  /** Guards the others: a check that lets everything through would prove nothing. */
  @Test
  void aQueryThatWalksThroughATableIsFoundOut() {
    assertThat(walked(sql, "SELECT count(*) FROM assets")).isNotEmpty();
    assertThat(walked(sql, "SELECT id FROM assets WHERE name = 'x'")).isNotEmpty();
    assertThat(walked(sql, "SELECT id FROM leases WHERE acquired_at > 5")).isNotEmpty();
    assertThat(walked(sql, "SELECT id FROM assets WHERE id > 'x' ORDER BY name")).isNotEmpty();
    assertThat(walked(sql, "SELECT id FROM assets WHERE id = 'x'")).isEmpty();
  }

  private static void assertLookUps(Sql connection, int statementsMin) {
    List<String> statements = connection.prepared();
    assertThat(statements).hasSizeGreaterThan(statementsMin);
    for (String statement : statements) {
      assertThat(walked(connection, statement)).as(statement).isEmpty();
    }
  }

  /** Steps of a plan that touch more rows than they find. */
  private static List<String> walked(Sql connection, String statement) {
    if (!statement.matches("(?s)\\s*(SELECT|INSERT|UPDATE|DELETE).*")) {
      return List.of();
    }
    List<String> plan = connection.list("EXPLAIN QUERY PLAN " + statement, row -> row.text(4));
    return plan.stream().filter(QueryPlansTest::isWalk).toList();
  }

  private static boolean isWalk(String step) {
    if (step.startsWith("USE TEMP B-TREE")) {
      return true;
    }
    Matcher scan = SCAN.matcher(step);
    if (!scan.matches() || scan.group(1).startsWith("sqlite_")) {
      return false;
    }
    String index = scan.group(2);
    return index == null || !WALKED.contains(index);
  }

  @CanIgnoreReturnValue
  private List<Outcome> apply(Command... commands) {
    sql.update("BEGIN IMMEDIATE");
    List<Outcome> outcomes =
        applier.apply(Commands.entry(TestRegistry.START, 0, List.of(commands)), 0);
    sql.update("COMMIT");
    assertThat(outcomes).noneMatch(Outcome::hasRejection);
    return outcomes;
  }

  private static Asset result(String id) {
    return uploaded(id, "result").toBuilder()
        .putLabels("docker_image", "nginx")
        .putLabels("build_id", "b")
        .build();
  }

  private static Command want() {
    return Command.newBuilder()
        .setRequestBuild(
            RequestBuild.newBuilder()
                .setKey(KEY)
                .setImage("nginx")
                .putSelector("docker_image", "nginx")
                .setSuggestedAssetId("s")
                .setTimeoutMillis(1))
        .build();
  }

  private static Command advance(AdvanceBuild.Builder step) {
    return Command.newBuilder().setAdvanceBuild(step).build();
  }
}
