package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong with a data directory, the node says what it is and does not take part. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DamageTest {
  private static final long SNAPSHOT_THRESHOLD = 300;
  private static final int PAGE = 4096;

  private Path whole = Path.of("");
  private Path root = Path.of("");
  private NodeStatus before = NodeStatus.getDefaultInstance();

  private interface Damage {
    void to(DamageTest test) throws Exception;
  }

  @BeforeAll
  void aNodeThatHasALogInSegmentsAndASnapshot(@TempDir Path directory) throws Exception {
    whole = directory;
    try (var cluster = new TestCluster(whole, 1, SNAPSHOT_THRESHOLD)) {
      RaftNode node = cluster.start("n1");
      cluster.awaitLeader();
      new WaveOfWrites(node, 4, 1_500).run();
      node.snapshotNow().get(20, TimeUnit.SECONDS);
      new WaveOfWrites(node, 4, 200).run();
      before = node.status(true);
      cluster.stop("n1");
    }
    assertThat(before.getAppliedIndex()).isGreaterThan(before.getSnapshotIndex());
  }

  @BeforeEach
  void copy(@TempDir Path directory) throws IOException {
    root = directory;
    copyTree(whole, root);
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage(
            "the last segment is cut off",
            "its end is lost",
            test -> truncate(test.openSegment(), Files.size(test.openSegment()) / 2)),
        damage(
            "the last segment is empty",
            "its end is lost",
            test -> truncate(test.openSegment(), 0)),
        damage(
            "the last segment is gone",
            "its end is lost",
            test -> Files.delete(test.openSegment())),
        damage(
            "the end of the last entry is zeros",
            "cannot be read behind entry",
            test ->
                overwrite(test.openSegment(), endOfData(test.openSegment()) - 40, new byte[40])),
        damage(
            "a bit of the last entry has flipped",
            "cannot be read behind entry",
            test -> flip(test.openSegment(), endOfData(test.openSegment()) - 40)),
        damage(
            "applied entries have become zeros",
            "cannot be read behind entry",
            test -> overwrite(test.openSegment(), 8, new byte[4096])),
        damage(
            "a bit of a closed segment has flipped",
            "cannot be read behind entry",
            test -> flip(test.closedSegment(), Files.size(test.closedSegment()) / 2)),
        damage(
            "a closed segment is cut off",
            "instead of",
            test -> truncate(test.closedSegment(), Files.size(test.closedSegment()) / 2)),
        damage(
            "a bit of the snapshot has flipped",
            "has MD5",
            test -> flip(test.snapshot(), Files.size(test.snapshot()) / 2)),
        damage(
            "a page of the registry is overwritten",
            "the registry is damaged",
            DamageTest::spoilPage),
        damage("the registry has nothing in it", "has lost everything", DamageTest::emptyDatabase),
        damage(
            "the registry is another file",
            "the registry is damaged",
            test -> Files.writeString(test.database(), "not a database at all")),
        damage(
            "the registry counts other leases than it has",
            "counts other leases",
            test -> test.sql("UPDATE assets SET lease_count = 7 WHERE rowid = 5")),
        damage(
            "who the members are is lost with the begin of the log",
            "is missing, which says who the members of the cluster are",
            test -> Files.delete(test.current().resolve("raft-meta.conf"))),
        damage(
            "who the members are cannot be read, and the begin of the log is gone",
            "cannot be read, which says who the members of the cluster are",
            test -> truncate(test.current().resolve("raft-meta.conf"), 20)),
        damage(
            "two segments are unfinished, and entries between them are lost",
            "what lies between is lost",
            DamageTest::unfinishAndLose),
        damage(
            "two segments are unfinished, and the first is cut off",
            "what lies between is lost",
            test -> {
              Path first = unfinish(test.lastClosedSegment());
              truncate(first, Files.size(first) - 7);
            }),
        damage(
            "the votes are not all there",
            "has lost the votes",
            test -> Files.writeString(test.current().resolve("raft-meta"), "term=7\n")),
        damage(
            "the votes are gone",
            "raft-meta is missing",
            test -> Files.delete(test.current().resolve("raft-meta"))),
        damage(
            "the votes cannot be read",
            "has lost the votes",
            test -> Files.writeString(test.current().resolve("raft-meta"), "junk")),
        damage(
            "the log directory is gone",
            "raft-meta is missing",
            test -> FilesDurable.deleteRecursively(test.current())),
        damage(
            "the directory of the group is gone",
            "is missing or empty",
            test -> FilesDurable.deleteRecursively(test.group())),
        damage(
            "all that Raft had is gone",
            "is missing or empty",
            test -> FilesDurable.deleteRecursively(test.node().resolve("raft"))),
        damage(
            "the log is another cluster's",
            "data of another cluster",
            test ->
                Files.move(
                    test.group(),
                    test.group().resolveSibling("0e3b7f6c-29a4-4b9e-a22b-8a4b7f1a2c11"))),
        damage(
            "another cluster's log lies beside",
            "data of another cluster",
            test ->
                Files.createDirectory(
                    test.group().resolveSibling("0e3b7f6c-29a4-4b9e-a22b-8a4b7f1a2c11"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damages")
  void damagedItDoesNotStartAndSaysWhatIsWrong(String name, String why, Damage damage)
      throws Exception {
    damage.to(this);
    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      assertThatThrownBy(() -> cluster.start("n1"))
          .as(name)
          .isInstanceOf(DamagedException.class)
          .hasMessageContaining(why)
          .hasMessageContaining(root.toString())
          .hasMessageContaining("assetmanagerd node rebuild");
    }
  }

  @Test
  void aNodeThatReadsADamagedPageTakesPartNoLonger() throws Exception {
    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      RaftNode node = cluster.start("n1");
      cluster.awaitLeader();
      spoilPage();
      await("the end of a node that reads everything")
          .atMost(TestCluster.PATIENCE)
          .pollInterval(Duration.ofMillis(50))
          .until(
              () -> {
                readAll(node);
                return node.terminated().toCompletableFuture().isDone();
              });
    }
    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      assertThatThrownBy(() -> cluster.start("n1")).isInstanceOf(DamagedException.class);
    }
  }

  private static void readAll(RaftNode node) {
    try {
      String unused = node.query(RegistryView::stateHash);
    } catch (RegistryException e) {
      assertThat(e.isDamage()).as("%s", e).isTrue();
    }
  }

  @Test
  void undamagedItStarts() throws Exception {
    startsAsBefore();
  }

  @Test
  void withoutItsDatabaseItMakesThatAgainFromSnapshotAndLog() throws Exception {
    FilesDurable.deleteRecursively(FilesDurable.directoryOf(database()));
    startsAsBefore();
  }

  /** As where the process is killed between the two renames by which Ratis installs a snapshot. */
  @Test
  void snapshotsThatAnInstallationHadMovedAsideAreNotLost() throws Exception {
    Path snapshot = snapshot();
    Path olderLeftover = Files.createDirectory(group().resolve("sm.tmp20261123-235959_999"));
    Files.move(group().resolve("sm"), group().resolve("sm.tmp20261124-043000_123"));
    FilesDurable.deleteRecursively(FilesDurable.directoryOf(database()));
    startsAsBefore();
    assertThat(snapshot).isRegularFile();
    assertThat(olderLeftover).doesNotExist();
  }

  private void emptyDatabase() throws IOException {
    Path directory = FilesDurable.directoryOf(database());
    FilesDurable.deleteRecursively(directory);
    Files.createDirectory(directory);
    Files.createFile(database());
  }

  /** As where power is lost while the registry is made. */
  @Test
  void whereTheFirstStartDidNotEndADatabaseWithNothingInItIsMadeAgain() throws Exception {
    emptyDatabase();
    unmarkBootstrapped();
    startsAsBefore();
  }

  /** As where the process is killed while Ratis makes its directory. */
  @Test
  void whereTheFirstStartDidNotEndRaftsDirectoryIsMadeAgain() throws Exception {
    FilesDurable.deleteRecursively(current());
    Files.createDirectory(current());
    FilesDurable.deleteRecursively(group().resolve("sm"));
    FilesDurable.deleteRecursively(FilesDurable.directoryOf(database()));
    unmarkBootstrapped();

    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      RaftNode node = cluster.start("n1");
      cluster.awaitLeader();
      new WaveOfWrites(node, 1, 10).run();
    }
  }

  private void unmarkBootstrapped() throws IOException {
    Path marker = node().resolve("node.json");
    String text = Files.readString(marker);
    String unmarked = text.replaceFirst("(\"bootstrapped\"\\s*:\\s*)true", "$1false");
    assertThat(unmarked).isNotEqualTo(text);
    Files.writeString(marker, unmarked);
  }

  @Test
  void anEntryThatWasNotWrittenToItsEndWasNeverAcknowledged() throws Exception {
    Path open = openSegment();
    long end = endOfData(open);
    truncate(open, end); // without the zeros that Ratis writes ahead
    try (FileChannel channel = FileChannel.open(open, StandardOpenOption.APPEND)) {
      channel.write(ByteBuffer.wrap(new byte[] {90, 1, 2, 3})); // of 90 bytes
    }
    startsAsBefore();
  }

  /** Of three sectors, the first, the middle or the last have not arrived. */
  @ParameterizedTest(name = "sector {0} missing")
  @ValueSource(ints = {0, 1, 2})
  void anEntryOfWhichThePowerCutLeftHolesWasNeverAcknowledged(int missing) throws Exception {
    int sector = 512;
    Path open = openSegment();
    long end = endOfData(open);
    byte[] entry = new byte[3 * sector];
    Arrays.fill(entry, (byte) 0x35);
    entry[0] = (byte) 0xf0; // 1392 bytes follow
    entry[1] = 10;
    int shift = (int) (end % sector);
    int from = Math.max(0, missing * sector - shift);
    Arrays.fill(entry, from, Math.min(1398, (missing + 1) * sector - shift), (byte) 0);
    Arrays.fill(entry, 1398, entry.length, (byte) 0);
    overwrite(open, end, entry);
    startsAsBefore();
  }

  /** As where a power cut takes back the name that Ratis had given to a finished segment. */
  @Test
  void aSegmentThatLacksOnlyTheNameOfAFinishedOneGetsIt() throws Exception {
    Path finished = lastClosedSegment();
    Path unfinished = unfinish(finished);
    try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.APPEND)) {
      channel.write(ByteBuffer.allocate(10_000)); // as Ratis writes ahead
    }
    byte[] before = Files.readAllBytes(unfinished);
    startsAsBefore();
    assertThat(unfinished).doesNotExist();
    assertThat(Files.readAllBytes(finished))
        .isEqualTo(Arrays.copyOf(before, before.length - 10_000));
  }

  /** As where a power cut brings back former votes. */
  @Test
  void votesOfATermBeforeThatOfTheLogAreOnesForNobodyElse() throws Exception {
    Path votes = current().resolve("raft-meta");
    assertThat(Files.readString(votes)).contains("term=1\n");
    Files.writeString(votes, "term=0\nvotedFor=\n");
    checkOnly();
    assertThat(votes).hasContent("term=1\nvotedFor=n1\n");
    startsAsBefore();
  }

  @Test
  void votesOfTheTermOfTheLogOrALaterOneStay() throws Exception {
    Path votes = current().resolve("raft-meta");
    for (String whole : List.of("term=1\nvotedFor=n2\n", "term=9\nvotedFor=\n")) {
      Files.writeString(votes, whole);
      checkOnly();
      assertThat(votes).hasContent(whole);
    }
  }

  private void checkOnly() throws IOException {
    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      DataDirectory.open(cluster.options("n1")).requireWhole(Set.of("n1"));
    }
  }

  private static void unfinishAndLose(DamageTest test) throws IOException {
    Path last = test.lastClosedSegment();
    Path before =
        test.closedSegments().stream()
            .filter(segment -> !segment.equals(last))
            .max(Comparator.comparing(DamageTest::start))
            .orElseThrow();
    Path unused = unfinish(before);
    Files.delete(last);
  }

  /** Takes back the name of a finished segment; returns the file. */
  private static Path unfinish(Path segment) throws IOException {
    return Files.move(segment, segment.resolveSibling("log_inprogress_" + start(segment)));
  }

  private static long start(Path segment) {
    return Long.parseLong(segment.getFileName().toString().replaceAll("log_(\\d+)-.*", "$1"));
  }

  private Path lastClosedSegment() throws IOException {
    return closedSegments().stream().max(Comparator.comparing(DamageTest::start)).orElseThrow();
  }

  private List<Path> closedSegments() throws IOException {
    List<Path> segments = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(current(), "log_[0-9]*")) {
      found.forEach(segments::add);
    }
    return segments;
  }

  @Test
  void damageThatWasNotedIsRefusedUntilTheDirectoryIsRebuilt() throws Exception {
    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      DataDirectory.open(cluster.options("n1")).markDamaged("it differs from the others");
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(DamagedException.class)
          .hasMessageContaining("it differs from the others");
    }
  }

  private void startsAsBefore() throws Exception {
    try (var cluster = new TestCluster(root, 1, SNAPSHOT_THRESHOLD)) {
      RaftNode node = cluster.start("n1");
      await("what was there before")
          .atMost(TestCluster.PATIENCE)
          .untilAsserted(
              () -> assertThat(node.status(true).getStateHash()).isEqualTo(before.getStateHash()));
    }
  }

  private static Arguments damage(String name, String why, Damage damage) {
    return Arguments.of(name, why, damage);
  }

  private void spoilPage() throws IOException {
    byte[] junk = new byte[PAGE];
    Arrays.fill(junk, (byte) 0x5a);
    overwrite(database(), PAGE * (Files.size(database()) / PAGE / 2), junk);
  }

  private void sql(String statement) throws Exception {
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + database());
        var statements = connection.createStatement()) {
      statements.execute(statement);
    }
  }

  private Path node() {
    return root.resolve("n1");
  }

  private Path database() {
    return node().resolve("db").resolve("registry.db");
  }

  private Path group() throws IOException {
    return first(node().resolve("raft"), "*");
  }

  private Path current() throws IOException {
    return group().resolve("current");
  }

  private Path openSegment() throws IOException {
    return first(current(), "log_inprogress_*");
  }

  private Path closedSegment() throws IOException {
    return first(current(), "log_[0-9]*");
  }

  private Path snapshot() throws IOException {
    String digest = first(group().resolve("sm"), "snapshot.*.md5").toString();
    return Path.of(digest.substring(0, digest.length() - ".md5".length()));
  }

  private static Path first(Path directory, String glob) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, glob)) {
      return found.iterator().next();
    }
  }

  private static long endOfData(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    int end = all.length;
    while (all[end - 1] == 0) {
      end--;
    }
    return end;
  }

  private static void truncate(Path file, long size) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  private static void overwrite(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), at);
    }
  }

  private static void flip(Path file, long at) throws IOException {
    byte[] all = Files.readAllBytes(file);
    overwrite(file, at, new byte[] {(byte) (all[(int) at] ^ 1)});
  }

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(directory).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
