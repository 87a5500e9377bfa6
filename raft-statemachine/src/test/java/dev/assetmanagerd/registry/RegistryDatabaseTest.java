package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.entry;
import static dev.assetmanagerd.registry.Commands.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Command;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Opening, snapshot isolation, copies, verification, closing. */
@Timeout(60)
class RegistryDatabaseTest {
  private static final AssetQuery EVERYTHING =
      new AssetQuery(
          AssetType.ASSET_TYPE_UNSPECIFIED,
          AssetStatus.ASSET_STATUS_UNSPECIFIED,
          Map.of(),
          null,
          100_000);

  @TempDir private Path directory;
  private Path file;
  private final ExecutorService executor = Executors.newCachedThreadPool();

  @BeforeEach
  void path() {
    file = directory.resolve("live.db");
  }

  @AfterEach
  void stop() {
    executor.shutdownNow();
  }

  @Test
  void aNewRegistryIsBeforeTheFirstEntry() {
    try (RegistryDatabase database = RegistryDatabase.open(file)) {
      assertThat(database.applied()).isEqualTo(LogPosition.NONE);
      assertThat(database.read(RegistryView::applied)).isEqualTo(LogPosition.NONE);
      assertThat(database.read(RegistryView::clusterTimeMillis)).isZero();
    }
  }

  /** What is beside the file itself is not synced, and gone when power is lost. */
  @Test
  void aNewRegistryDoesNotNeedItsWriteAheadLog() throws IOException {
    Path alone = directory.resolve("alone.db");
    try (RegistryDatabase database = RegistryDatabase.open(file)) {
      Files.copy(file, alone);
      assertThat(database.applied()).isEqualTo(LogPosition.NONE);
    }

    RegistryDatabase.verify(alone);
    assertThat(RegistryDatabase.isBlank(alone)).isFalse();
    assertThat(RegistryDatabase.positionOf(alone)).isEqualTo(LogPosition.NONE);
  }

  @Test
  void aFileThatNobodyHasLaidOutIsBlank() throws IOException {
    Files.createFile(file);

    assertThat(RegistryDatabase.isBlank(file)).isTrue();
    RegistryDatabase.open(file).close();
    assertThat(RegistryDatabase.isBlank(file)).isFalse();
  }

  @Test
  void everythingIsThereAfterReopening() {
    String hash;
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(register(asset("a").toBuilder().putLabels("k", "v").build()));
      registry.apply(acquire("a", "l", 10));
      registry.advanceClock(5);
      hash = registry.hash();
    }
    try (TestRegistry registry = new TestRegistry(file)) {
      assertThat(registry.database.applied()).isEqualTo(new LogPosition(1, 2));
      assertThat(registry.hash()).isEqualTo(hash);
      assertThat(registry.database.read(RegistryView::clusterTimeMillis)).isEqualTo(5);
    }
    RegistryDatabase.verify(file);
    assertThat(RegistryDatabase.positionOf(file)).isEqualTo(new LogPosition(1, 2));
  }

  @Test
  void aNewerSchemaIsRefusedAndLeftAlone() throws IOException {
    RegistryDatabase.open(file).close();
    try (Sql sql = Sql.open(file, false)) {
      sql.execute("PRAGMA user_version = 99");
    }
    byte[] before = Files.readAllBytes(file);

    assertThatThrownBy(() -> RegistryDatabase.open(file))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("schema 99")
        .hasMessageContaining("levels 2 to " + FormatLevels.HIGHEST);
    assertThatThrownBy(() -> RegistryDatabase.verify(file)).hasMessageContaining("schema 99");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
  }

  @Test
  void anotherProgramsDatabaseIsRefusedAndLeftAlone() throws IOException {
    try (Sql sql = Sql.open(file, true)) {
      sql.execute("CREATE TABLE assets (id TEXT PRIMARY KEY)");
    }
    byte[] before = Files.readAllBytes(file);

    assertThatThrownBy(() -> RegistryDatabase.open(file))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("not a registry");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
  }

  @Test
  void aFileThatIsNoDatabaseAndAMissingDirectoryAreRefused() throws IOException {
    Files.writeString(file, "this is not a database, but it is long enough to be read".repeat(9));

    assertThatThrownBy(() -> RegistryDatabase.open(file)).isInstanceOf(RegistryException.class);
    assertThatThrownBy(() -> RegistryDatabase.open(directory.resolve("none").resolve("x.db")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("directory");
    assertThatThrownBy(() -> RegistryDatabase.verify(directory.resolve("missing.db")))
        .hasMessageContaining("does not exist");
    assertThat(directory.resolve("missing.db")).doesNotExist();
  }

  @Test
  void theDatabaseItselfRefusesALeaseOnAnAssetBeingDeleted() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(register("a"), register("b"), acquire("b", "l", 0), Commands.mark("a"));
    }
    try (Sql sql = Sql.open(file, false)) {
      sql.execute("PRAGMA foreign_keys = ON");
      assertThatThrownBy(
              () -> sql.execute("INSERT INTO leases VALUES ('x', 'a', '', 0, NULL, 0, NULL)"))
          .hasStackTraceContaining("not AVAILABLE");
      assertThatThrownBy(() -> sql.execute("UPDATE assets SET status = 3 WHERE id = 'b'"))
          .hasStackTraceContaining("CHECK");
      assertThatThrownBy(() -> sql.execute("DELETE FROM assets WHERE id = 'b'"))
          .hasStackTraceContaining("FOREIGN KEY");
    }
  }

  @Test
  void aReadSeesOneMomentWhateverIsWrittenMeanwhile() throws Exception {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(register("a"));
      CountDownLatch started = new CountDownLatch(1);
      CountDownLatch written = new CountDownLatch(1);
      Future<List<Object>> read =
          executor.submit(
              () ->
                  registry.database.read(
                      view -> {
                        started.countDown();
                        await(written);
                        return List.of(
                            view.applied().index(),
                            view.clusterTimeMillis(),
                            view.list(EVERYTHING).assets().size(),
                            view.asset("b").isPresent(),
                            view.hasDeadlines());
                      }));
      await(started);
      registry.apply(entry(1, 77, List.of(register("b"), acquire("a", "l", 5))));
      written.countDown();

      assertThat(read.get(30, TimeUnit.SECONDS)).containsExactly(0L, 0L, 1, false, false);
      assertThat(registry.exists("b")).isTrue();
    }
  }

  @Test
  void whatIsNotCommittedIsNotSeenAndRollingBackLosesIt() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.advanceClock(0);
      registry.advanceClock(10);
      String before = registry.hash();
      RegistryWriter writer = registry.database.writer();
      writer.begin();
      writer.apply(entry(1, 15, List.of(register("a"))));

      assertThat(registry.exists("a")).isFalse();
      writer.rollback();

      assertThat(registry.hash()).isEqualTo(before);
      assertThat(registry.database.applied().index()).isEqualTo(1);
      registry.advanceClock(1);
      assertThat(registry.database.read(RegistryView::clusterTimeMillis)).isEqualTo(11);
    }
  }

  @Test
  void anEntryThatCannotBeAppliedChangesNothingAndStopsTheWriter() {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.advanceClock(10);
      String before = registry.hash();
      RegistryWriter writer = registry.database.writer();
      for (var malformed :
          List.of(
              entry(1, 0, List.of(register("a"))).toBuilder()
                  .setFormatLevel(FormatLevels.HIGHEST + 1)
                  .build(),
              entry(1, 0, List.of(register("a"))).toBuilder().setFormatLevel(1).build(),
              entry(1, 0, List.of(register("a"))).toBuilder().setFormatLevel(-1).build(),
              entry(1, 0, List.of(register("a"))).toBuilder().clearFormatLevel().build(),
              entry(1, -1, List.of(register("a"))),
              entry(1, 5, List.of(register("a"))).toBuilder().setTerm(0).build(),
              entry(1, 5, List.of(register("a"))).toBuilder().setTerm(-1).build(),
              entry(1, 0, List.of(register("a"), Command.getDefaultInstance())))) {
        writer.begin();
        assertThatThrownBy(() -> writer.apply(malformed)).isInstanceOf(RegistryException.class);
        assertThatThrownBy(() -> writer.apply(entry(1, 0, List.of())))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> writer.commit(registry.next()))
            .isInstanceOf(IllegalStateException.class);
        writer.rollback();
      }
      assertThat(registry.hash()).isEqualTo(before);
      registry.advanceClock(1);
    }
  }

  @Test
  void thePositionOnlyMovesForward() {
    try (TestRegistry registry = new TestRegistry(file)) {
      RegistryWriter writer = registry.database.writer();
      writer.begin();
      writer.commit(new LogPosition(3, 7));
      writer.begin();
      for (LogPosition position :
          List.of(new LogPosition(3, 7), new LogPosition(4, 6), new LogPosition(2, 8))) {
        assertThatThrownBy(() -> writer.commit(position))
            .isInstanceOf(IllegalArgumentException.class);
      }
      writer.commit(new LogPosition(3, 8));
      assertThat(registry.database.applied()).isEqualTo(new LogPosition(3, 8));
    }
  }

  @Test
  void theWriterInsistsOnItsOrder() {
    try (RegistryDatabase database = RegistryDatabase.open(file)) {
      RegistryWriter writer = database.writer();
      assertThat(database.writer()).isSameAs(writer);
      assertThatThrownBy(() -> writer.apply(entry(1, 0, List.of())))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> writer.commit(new LogPosition(1, 1)))
          .isInstanceOf(IllegalStateException.class);
      writer.rollback();
      writer.begin();
      assertThatThrownBy(writer::begin).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void copiesMadeWhileWritesGoOnAreCompleteAtTheirPosition() throws Exception {
    try (TestRegistry registry = new TestRegistry(file)) {
      AtomicBoolean stop = new AtomicBoolean();
      CountDownLatch some = new CountDownLatch(20);
      Future<Integer> writes =
          executor.submit(
              () -> {
                int n = 0;
                while (!stop.get()) {
                  // Entry n adds one asset and, but for the first, one millisecond.
                  registry.apply(entry(1, n, List.of(register("a" + n++))));
                  some.countDown();
                }
                return n;
              });
      await(some);
      for (int i = 0; i < 5; i++) {
        Path copy = directory.resolve("copy" + i);
        LogPosition position = registry.database.copyTo(copy);

        RegistryDatabase.verify(copy);
        assertThat(RegistryDatabase.positionOf(copy)).isEqualTo(position);
        try (RegistryDatabase opened = RegistryDatabase.open(copy)) {
          assertThat(opened.read(view -> view.list(EVERYTHING)).assets())
              .hasSize(Math.toIntExact(position.index() + 1));
          assertThat(opened.read(RegistryView::clusterTimeMillis)).isEqualTo(position.index());
        }
      }
      stop.set(true);
      assertThat(writes.get(30, TimeUnit.SECONDS)).isGreaterThan(20);
    }
  }

  @Test
  void aCopyHasTheHashOfItsSourceAndLeavesNoOtherFile() throws IOException {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(register("a"), register("b"), acquire("a", "l", 3));
      Path copies = Files.createDirectory(directory.resolve("copies"));
      Path copy = copies.resolve("copy");

      registry.database.copyTo(copy);
      RegistryDatabase.verify(copy);

      try (Stream<Path> files = Files.list(copies)) {
        assertThat(files).containsExactly(copy);
      }
      try (TestRegistry opened = new TestRegistry(copy)) {
        assertThat(opened.hash()).isEqualTo(registry.hash());
      }
    }
  }

  @Test
  void aCopyNeverReplacesAFile() throws IOException {
    try (TestRegistry registry = new TestRegistry(file)) {
      Path target = Files.writeString(directory.resolve("taken"), "precious");

      assertThatThrownBy(() -> registry.database.copyTo(target))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("exists already");
      assertThatThrownBy(() -> registry.database.copyTo(directory.resolve("no/such/directory")))
          .isInstanceOf(RegistryException.class);

      assertThat(target).hasContent("precious");
    }
  }

  @Test
  void damageIsFound() throws IOException {
    try (TestRegistry registry = new TestRegistry(file)) {
      registry.apply(register("a"), acquire("a", "l", 0));
      registry.database.copyTo(directory.resolve("pages"));
      registry.database.copyTo(directory.resolve("counts"));
      registry.database.copyTo(directory.resolve("references"));
    }
    Path pages = directory.resolve("pages");
    try (RandomAccessFile bytes = new RandomAccessFile(pages.toFile(), "rw")) {
      bytes.seek(4096 * 3);
      bytes.write(new byte[(int) (bytes.length() - 4096 * 3)]);
    }
    Path counts = directory.resolve("counts");
    try (Sql sql = Sql.open(counts, false)) {
      sql.execute("UPDATE assets SET lease_count = 2");
    }
    Path references = directory.resolve("references");
    try (Sql sql = Sql.open(references, false)) {
      sql.execute("PRAGMA foreign_keys = OFF");
      sql.execute("DELETE FROM assets");
    }

    for (Path damaged : List.of(pages, counts, references)) {
      assertThatThrownBy(() -> RegistryDatabase.verify(damaged))
          .as("%s", damaged.getFileName())
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("damaged");
    }
  }

  @Test
  void aReadThatFindsNoConnectionFailsInTimeAndSaysWhy() throws Exception {
    RegistryOptions one = new RegistryOptions(1, Duration.ofMillis(20), Duration.ofSeconds(30));
    try (RegistryDatabase database = RegistryDatabase.open(file, one)) {
      CountDownLatch reading = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      Future<Boolean> slow =
          executor.submit(
              () ->
                  database.read(
                      view -> {
                        reading.countDown();
                        return await(release);
                      }));
      await(reading);

      assertThatThrownBy(() -> database.read(RegistryView::applied))
          .isInstanceOf(RegistryBusyException.class);

      release.countDown();
      assertThat(slow.get(30, TimeUnit.SECONDS)).isTrue();
      assertThat(database.read(RegistryView::applied)).isEqualTo(LogPosition.NONE);
    }
  }

  @Test
  void whatAQueryThrowsComesThroughAndTheConnectionIsUsableAgain() {
    RegistryOptions one = new RegistryOptions(1, Duration.ofMillis(20), Duration.ofSeconds(1));
    try (RegistryDatabase database = RegistryDatabase.open(file, one)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(
                () ->
                    database.read(
                        view -> {
                          throw new UnsupportedOperationException("mine");
                        }))
            .isInstanceOf(UnsupportedOperationException.class);
      }
      assertThat(database.read(RegistryView::applied)).isEqualTo(LogPosition.NONE);
    }
  }

  @Test
  void aViewIsOfNoUseAfterItsRead() {
    try (RegistryDatabase database = RegistryDatabase.open(file)) {
      RegistryView kept = database.read(view -> view);

      assertThatThrownBy(() -> kept.asset("a")).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void closingWaitsForReadsAndIsDoneOnce() throws Exception {
    RegistryDatabase database = RegistryDatabase.open(file);
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Future<LogPosition> slow =
        executor.submit(
            () ->
                database.read(
                    view -> {
                      reading.countDown();
                      await(release);
                      assertThat(view.asset("a")).isEmpty();
                      return view.applied();
                    }));
    await(reading);
    Future<?> closing = executor.submit(database::close);
    assertThatThrownBy(() -> closing.get(50, TimeUnit.MILLISECONDS))
        .as("closing while a read is under way")
        .isInstanceOf(TimeoutException.class);
    release.countDown();

    assertThat(slow.get(30, TimeUnit.SECONDS)).isEqualTo(LogPosition.NONE);
    closing.get(30, TimeUnit.SECONDS);
    database.close();
    assertThatThrownBy(() -> database.read(RegistryView::applied))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> database.copyTo(directory.resolve("copy")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("closed");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).as("the log is merged into the file").containsExactly(file);
    }
  }

  @Test
  void theWriteAheadLogIsCutBackThoughReadsOverlapWithoutAGap() throws Exception {
    try (TestRegistry registry = new TestRegistry(file)) {
      CountDownLatch second = new CountDownLatch(1);
      Future<LogPosition> first = readUntil(registry.database, () -> second.getCount() == 0);
      Future<LogPosition> last = first;
      Path wal = file.resolveSibling("live.db-wal");
      String large = "x".repeat(300_000);
      for (int i = 0; i < 256; i++) {
        if (i == 255) {
          // Begins before the first one ends, and ends when the last entry is committed.
          last = readUntil(registry.database, () -> registry.database.applied().index() == 255);
          second.countDown();
          first.get(30, TimeUnit.SECONDS);
          assertThat(Files.size(wal)).as("with reads all the time").isGreaterThan(64L << 20);
        }
        Asset asset = asset("a" + i).toBuilder().setSourceImage(large).build();
        registry.apply(register(asset), Commands.mark("a" + i), Commands.purge("a" + i));
      }
      assertThat(last.get(30, TimeUnit.SECONDS)).isEqualTo(new LogPosition(1, 254));
      assertThat(Files.size(wal)).as("afterwards").isLessThan(10L << 20);
    }
  }

  @Test
  void aLongReadDoesNotHoldUpTheWriterWhoseLogHasGrown() throws Exception {
    try (TestRegistry registry = new TestRegistry(file)) {
      CountDownLatch end = new CountDownLatch(1);
      Future<LogPosition> read = readUntil(registry.database, () -> end.getCount() == 0);
      String large = "x".repeat(300_000);
      long longestNanos = 0;
      for (int i = 0; i < 256; i++) {
        Asset asset = asset("a" + i).toBuilder().setSourceImage(large).build();
        long start = System.nanoTime();
        registry.apply(register(asset), Commands.mark("a" + i), Commands.purge("a" + i));
        longestNanos = Math.max(longestNanos, System.nanoTime() - start);
      }
      assertThat(read.isDone()).as("the read ended before the log was looked at").isFalse();
      assertThat(Files.size(file.resolveSibling("live.db-wal"))).isGreaterThan(64L << 20);
      assertThat(Duration.ofNanos(longestNanos))
          .as("longest wait for a commit")
          .isLessThan(Duration.ofMillis(Connections.WRITER_WAIT_MILLIS));
      end.countDown();
      assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(LogPosition.NONE);
    }
  }

  /** Starts a read, returns once it is under way, and lets it end when {@code done}. */
  private Future<LogPosition> readUntil(RegistryDatabase database, Callable<Boolean> done) {
    CountDownLatch reading = new CountDownLatch(1);
    Future<LogPosition> read =
        executor.submit(
            () ->
                database.read(
                    view -> {
                      reading.countDown();
                      Awaitility.await()
                          .atMost(Duration.ofSeconds(30))
                          .pollDelay(Duration.ZERO)
                          .pollInterval(Duration.ofMillis(2))
                          .until(done);
                      return view.applied();
                    }));
    assertThat(await(reading)).isTrue();
    return read;
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
