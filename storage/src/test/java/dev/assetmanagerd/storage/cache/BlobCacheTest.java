package dev.assetmanagerd.storage.cache;

import static dev.assetmanagerd.storage.cache.CacheFixture.LONG;
import static dev.assetmanagerd.storage.cache.CacheFixture.content;
import static dev.assetmanagerd.storage.cache.CacheFixture.digest;
import static dev.assetmanagerd.storage.cache.CacheFixture.wanted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import dev.assetmanagerd.storage.cache.TestSource.Manner;
import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlobCacheTest {
  private static final int RANGE = 64 * 1024;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  @TempDir private Path temp;

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, RANGE - 1, RANGE, RANGE + 1, 20 * RANGE + 7})
  void aBlobIsFetchedOnceAndIsAReadOnlyFileOfItsBytes(int size) throws Exception {
    byte[] content = content(1, size);
    TestSource source = TestSource.good(content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      try (LocalBlob first = fixture.hold(content, source);
          LocalBlob second = fixture.hold(content, source)) {
        assertThat(first.path()).isEqualTo(fixture.file(content)).hasBinaryContent(content);
        assertThat(second.path()).isEqualTo(first.path());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first.path())))
            .isEqualTo("r--r--r--");
      }
      assertThat(source.given).hasValue(size);
      assertThat(fixture.cache.counters().fetches()).isEqualTo(1);
      assertThat(fixture.cache.counters().hits()).isEqualTo(1);
      assertThat(fixture.cache.bytesHeld()).isEqualTo(size);
      assertThat(fixture.leftovers()).isEmpty();
    }
  }

  @Test
  void aHundredWhoAskAtOnceShareOneFetch() throws Exception {
    byte[] content = content(2, 10 * RANGE);
    TestSource source = new TestSource("slow", Manner.STALLING, content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20, 4, 64, LONG, LONG)) {
      CyclicBarrier together = new CyclicBarrier(100);
      List<Future<LocalBlob>> all = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        all.add(
            threads.submit(
                () -> {
                  together.await();
                  return fixture.hold(content, source);
                }));
      }
      await().until(() -> fixture.cache.counters().joins() == 99);
      source.letGo.countDown();
      for (Future<LocalBlob> one : all) {
        try (LocalBlob blob = one.get(30, TimeUnit.SECONDS)) {
          assertThat(Files.size(blob.path())).isEqualTo(content.length);
        }
      }
      assertThat(source.given).hasValue(content.length);
      assertThat(fixture.cache.counters().fetches()).isEqualTo(1);
    }
  }

  @Test
  void whoGivesUpLeavesTheFetchToTheOthersAndTheLastOneEndsIt() throws Exception {
    byte[] content = content(3, 3 * RANGE);
    TestSource source = new TestSource("slow", Manner.STALLING, content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      Future<LocalBlob> patient = threads.submit(() -> fixture.hold(content, source));
      await().until(() -> fixture.cache.counters().runningFetches() == 1);
      assertThatExceptionOfType(InterruptedIOException.class)
          .isThrownBy(() -> fixture.cache.hold(wanted(content, source), Duration.ofMillis(20)));
      assertThat(fixture.cache.counters().runningFetches()).isEqualTo(1);
      source.letGo.countDown();
      patient.get(30, TimeUnit.SECONDS).close();

      byte[] other = content(4, 3 * RANGE);
      TestSource stalling = new TestSource("slow", Manner.STALLING, other);
      assertThatExceptionOfType(InterruptedIOException.class)
          .isThrownBy(() -> fixture.cache.hold(wanted(other, stalling), Duration.ofMillis(50)));
      await().until(() -> fixture.cache.counters().runningFetches() == 0);
      await().until(() -> fixture.leftovers().isEmpty());
      // Its room is free again.
      fixture.fill(content(5, (4 << 20) - content.length));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Manner.class,
      names = {"GOOD", "DEAF"},
      mode = EnumSource.Mode.EXCLUDE)
  void theNextSourceIsAskedWhenOneLacksFailsStallsCutsOrLies(Manner manner) throws Exception {
    byte[] content = content(6, 5 * RANGE);
    TestSource bad = new TestSource("bad", manner, content);
    TestSource good = TestSource.good(content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      try (LocalBlob blob = fixture.hold(content, bad, good)) {
        assertThat(blob.path()).hasBinaryContent(content);
      }
      assertThat(bad.opened.get()).isPositive();
      if (manner == Manner.LACKING) {
        assertThat(fixture.cache.counters().failuresBySource()).isEmpty();
      } else if (manner == Manner.CUTTING || manner == Manner.RESETTING) {
        // Three tries go on where they were cut, and get seven eighths.
        assertThat(fixture.cache.counters().failuresBySource()).containsEntry("bad", 1L);
      } else {
        assertThat(fixture.cache.counters().failuresBySource())
            .containsExactly(java.util.Map.entry("bad", 1L));
      }
      assertThat(fixture.cache.counters().bytesBySource()).containsEntry("good", 5L * RANGE);
      assertThat(fixture.leftovers()).isEmpty();
    }
  }

  @Test
  void aSourceThatDoesNotEvenHearThatItIsClosedIsLeftBehindAndSpoilsNothingLater()
      throws Exception {
    byte[] content = content(7, 5 * RANGE);
    byte[] wrong = content(8, 5 * RANGE);
    TestSource deaf = new TestSource("deaf", Manner.DEAF, wrong);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      try (LocalBlob blob = fixture.hold(content, deaf, TestSource.good(content))) {
        deaf.letGo.countDown(); // its bytes come now
        await().until(() -> deaf.given.get() > 0);
        assertThat(blob.path()).hasBinaryContent(content);
      }
    }
  }

  @Test
  void whatIsToldWhenNoSourceHelps() throws Exception {
    byte[] content = content(9, RANGE);
    TestSource lacking = new TestSource("lacking", Manner.LACKING, content);
    TestSource lying = new TestSource("lying", Manner.LYING, content);
    TestSource broken = new TestSource("broken", Manner.BROKEN, content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      assertThatExceptionOfType(NoSuchFileException.class)
          .isThrownBy(() -> fixture.hold(content, lacking));
      assertThatExceptionOfType(WrongBytesException.class)
          .isThrownBy(() -> fixture.hold(content, lacking, lying))
          .withMessageContaining("lying gave bytes of digest");
      // The broken one may have it: nothing is settled.
      assertThatIOException()
          .isThrownBy(() -> fixture.hold(content, lying, broken, lacking))
          .withMessageContaining("broken is broken")
          .isNotInstanceOf(WrongBytesException.class);
      assertThat(Files.exists(fixture.file(content))).isFalse();
      assertThat(fixture.leftovers()).isEmpty();
      assertThat(fixture.cache.counters().failedFetches()).isEqualTo(3);
    }
  }

  @Test
  void aFetchEndsWithItsTime() throws Exception {
    byte[] content = content(10, RANGE);
    TestSource stalling = new TestSource("slow", Manner.STALLING, content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20, 1, 4, Duration.ofMillis(150))) {
      assertThatExceptionOfType(InterruptedIOException.class)
          .isThrownBy(() -> fixture.hold(content, stalling, TestSource.good(content)))
          .withMessageContaining("not fetched in time");
      assertThat(fixture.leftovers()).isEmpty();
    }
  }

  @Test
  void beyondTheLineOfThoseWhoWaitFetchesAreRefused() throws Exception {
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20, 1, 1, LONG, LONG)) {
      byte[] running = content(11, RANGE);
      byte[] waiting = content(12, RANGE);
      byte[] refused = content(13, RANGE);
      TestSource slow = new TestSource("slow", Manner.STALLING, running);
      Future<LocalBlob> first = threads.submit(() -> fixture.hold(running, slow));
      await().until(() -> fixture.cache.counters().runningFetches() == 1);
      TestSource later = TestSource.good(waiting);
      Future<LocalBlob> second = threads.submit(() -> fixture.hold(waiting, later));
      await().until(() -> fixture.isAskedFor(waiting));
      assertThatExceptionOfType(CacheBusyException.class)
          .isThrownBy(() -> fixture.fill(refused))
          .withMessageContaining("1 more wait");
      slow.letGo.countDown();
      first.get(30, TimeUnit.SECONDS).close();
      second.get(30, TimeUnit.SECONDS).close();
      fixture.fill(refused);
    }
  }

  @Test
  void theLeastRecentlyUsedGoFirstThoughNeverWhatIsHeldOrLeased() throws Exception {
    byte[] held = content(14, 100_000);
    byte[] leased = content(15, 100_000);
    byte[] used = content(16, 100_000);
    byte[] idle = content(17, 100_000);
    try (CacheFixture fixture = new CacheFixture(temp, 450_000)) {
      try (LocalBlob holding = fixture.hold(held, TestSource.good(held))) {
        fixture.fill(leased);
        fixture.leased.add(digest(leased));
        fixture.fill(used);
        fixture.fill(idle);
        fixture.fill(used); // a hit

        fixture.fill(content(18, 100_000));
        assertThat(Files.exists(fixture.file(idle))).isFalse();
        fixture.fill(content(19, 200_000));
        assertThat(Files.exists(fixture.file(used))).isFalse();
        assertThat(holding.path()).hasBinaryContent(held);
        assertThat(Files.exists(fixture.file(leased))).isTrue();

        byte[] tooMuch = content(20, 300_000);
        assertThatExceptionOfType(CacheFullException.class)
            .isThrownBy(() -> fixture.fill(tooMuch))
            .withMessageContaining("in use or leased")
            .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ALL_IN_USE));
        assertThatExceptionOfType(CacheFullException.class)
            .isThrownBy(() -> fixture.fill(content(21, 450_001)))
            .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.LARGER_THAN_CACHE));
        fixture.leased.clear();
        fixture.fill(tooMuch);
      }
      assertThat(fixture.cache.bytesHeld()).isLessThanOrEqualTo(450_000);
      assertThat(fixture.cache.counters().refused()).isEqualTo(2);
    }
  }

  @Test
  void filesVerifiedOnceAreTrustedAfterARestartAndOthersAreVerifiedFirst() throws Exception {
    byte[] kept = content(22, RANGE);
    byte[] changed = content(23, RANGE);
    byte[] touched = content(24, RANGE);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      fixture.fill(kept);
      fixture.fill(changed);
      fixture.fill(touched);
      Files.createFile(temp.resolve("partial/left-by-a-dead-process"));
      overwrite(fixture.file(changed));
      Files.setLastModifiedTime(fixture.file(touched), FileTime.fromMillis(1));

      fixture.restart();
      assertThat(fixture.leftovers()).isEmpty();
      TestSource source = TestSource.good(changed);
      TestSource unused = new TestSource("unused", Manner.BROKEN, kept);
      fixture.hold(kept, unused).close();
      fixture.hold(touched, unused).close();
      try (LocalBlob blob = fixture.hold(changed, source)) {
        assertThat(blob.path()).hasBinaryContent(changed);
      }
      assertThat(source.given).hasValue(RANGE);
      assertThat(fixture.quarantined()).hasSize(1);
      assertThat(fixture.cache.counters().corrupt()).isEqualTo(1);
      assertThat(fixture.cache.counters().hits()).isEqualTo(1);

      Files.writeString(temp.resolve("index"), "assetmanagerd cache 1\ngarbage\n");
      fixture.cache.close();
      Files.writeString(temp.resolve("index"), "assetmanagerd cache 1\ngarbage\n");
      fixture.cache = new CacheFixture(temp, 4 << 20).cache;
      fixture.hold(kept, unused).close();
    }
  }

  @Test
  void theOrderOfUseOutlivesARestart() throws Exception {
    byte[] first = content(25, 100_000);
    byte[] second = content(26, 100_000);
    try (CacheFixture fixture = new CacheFixture(temp, 250_000)) {
      fixture.fill(first);
      fixture.fill(second);
      java.time.Instant written = java.time.Instant.now();
      await().until(() -> java.time.Instant.now().toEpochMilli() > written.toEpochMilli());
      fixture.fill(first);
      fixture.restart();
      fixture.fill(content(27, 100_000));
      assertThat(Files.exists(fixture.file(first))).isTrue();
      assertThat(Files.exists(fixture.file(second))).isFalse();
    }
  }

  @Test
  void aFileThatWasChangedUnderARunningCacheIsNoticedSetAsideAndFetchedAgain() throws Exception {
    byte[] content = content(28, 3 * RANGE);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      fixture.fill(content);
      overwrite(fixture.file(content));
      assertThat(fixture.cache.openCached(digest(content), 0)).isEmpty();
      TestSource source = TestSource.good(content);
      try (LocalBlob blob = fixture.hold(content, source)) {
        assertThat(blob.path()).hasBinaryContent(content);
      }
      assertThat(source.given).hasValue(content.length);
      assertThat(fixture.quarantined()).hasSize(1);

      // Not even its time tells: only reading it does.
      FileTime time = Files.getLastModifiedTime(fixture.file(content));
      overwrite(fixture.file(content));
      Files.setLastModifiedTime(fixture.file(content), time);
      assertThat(fixture.cache.verify(digest(content))).isFalse();
      fixture.fill(content);
      assertThat(fixture.cache.verify(digest(content))).isTrue();

      Files.delete(fixture.file(content));
      fixture.fill(content);
      assertThat(fixture.file(content)).hasBinaryContent(content);
      assertThat(fixture.cache.bytesHeld()).isEqualTo(content.length);
    }
  }

  @Test
  void theQuarantineIsBoundedAndGivesWay() throws Exception {
    try (CacheFixture fixture = new CacheFixture(temp, 10 * RANGE)) {
      for (int i = 0; i < 10; i++) {
        byte[] content = content(100 + i, RANGE);
        fixture.fill(content);
        overwrite(fixture.file(content));
        assertThat(fixture.cache.verify(digest(content))).isFalse();
      }
      assertThat(fixture.quarantined()).hasSizeLessThanOrEqualTo(8);
      fixture.fill(content(29, 10 * RANGE));
      assertThat(fixture.quarantined()).isEmpty();
    }
  }

  @Test
  void evictionUnlinksAndLeavesHardLinksAsTheyAre() throws Exception {
    byte[] content = content(30, RANGE);
    try (CacheFixture fixture = new CacheFixture(temp.resolve("cache"), RANGE)) {
      fixture.fill(content);
      Path jail = Files.createLink(temp.resolve("vmlinux"), fixture.file(content));
      fixture.fill(content(31, RANGE));
      assertThat(Files.exists(fixture.file(content))).isFalse();
      assertThat(jail).hasBinaryContent(content);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(jail)))
          .isEqualTo("r--r--r--");
    }
  }

  @Test
  void aFileThatWasHeldForAMomentIsEvictedAllTheSame() throws Exception {
    byte[] first = content(40, RANGE);
    byte[] second = content(41, RANGE);
    byte[] third = content(42, RANGE);
    try (CacheFixture fixture = new CacheFixture(temp, 2 * RANGE)) {
      fixture.fill(first);
      fixture.fill(second);
      Deque<LocalBlob> held = new ArrayDeque<>();
      Deque<byte[]> takenUp = new ArrayDeque<>(List.of(first, second));
      fixture.beforeEviction =
          () -> {
            held.forEach(LocalBlob::close);
            if (!takenUp.isEmpty()) {
              held.add(fixture.holdThere(takenUp.remove()));
            }
          };

      fixture.fill(third);

      assertThat(fixture.cache.digests()).contains(digest(third)).hasSize(2);
      assertThat(takenUp).isEmpty();
    }
  }

  @Test
  void nobodyEverSeesAFileGoWhileItIsHeld() throws Exception {
    try (CacheFixture fixture = new CacheFixture(temp, 8 * 20_000, 4, 64, LONG)) {
      List<byte[]> blobs = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        blobs.add(content(200 + i, 20_000));
      }
      AtomicBoolean stop = new AtomicBoolean();
      List<Future<Integer>> users = new ArrayList<>();
      for (int user = 0; user < 6; user++) {
        Random random = new Random(user);
        users.add(threads.submit(() -> use(fixture, blobs, random, stop)));
      }
      await().atMost(30, TimeUnit.SECONDS).until(() -> fixture.cache.counters().evictions() > 300);
      stop.set(true);
      for (Future<Integer> user : users) {
        assertThat(user.get(30, TimeUnit.SECONDS)).isPositive();
      }
      assertThat(fixture.cache.bytesHeld()).isLessThanOrEqualTo(8 * 20_000);
      assertThat(fixture.leftovers()).isEmpty();
      assertThat(fixture.cache.digests()).allMatch(d -> Files.exists(temp.resolve(d.location())));
    }
  }

  private static int use(
      CacheFixture fixture, List<byte[]> blobs, Random random, AtomicBoolean stop)
      throws IOException {
    int uses = 0;
    while (!stop.get()) {
      byte[] content = blobs.get(random.nextInt(blobs.size()));
      try (LocalBlob blob = fixture.hold(content, TestSource.good(content))) {
        assertThat(Files.readAllBytes(blob.path())).isEqualTo(content);
        uses++;
      }
    }
    return uses;
  }

  @Test
  void aFullDiskIsToldLeavesNothingAndIsOverWhenThereIsSpaceAgain() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.tmpfs(temp, "size=4m")) {
      Path ballast = disk.directory().resolve("ballast");
      try (CacheFixture fixture = new CacheFixture(disk.directory().resolve("cache"), 64 << 20)) {
        byte[] old = content(32, 1 << 20);
        fixture.fill(old);
        Files.write(ballast, new byte[2 << 20]);

        // Within its limit, but not within the disk: the old one goes for it.
        byte[] next = content(33, 3 << 19);
        fixture.fill(next);
        assertThat(Files.exists(fixture.file(old))).isFalse();

        try (LocalBlob holding = fixture.hold(next)) {
          byte[] third = content(34, 3 << 19);
          assertThatExceptionOfType(CacheFullException.class)
              .isThrownBy(() -> fixture.fill(third))
              .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.DISK_FULL));
          assertThat(fixture.leftovers()).isEmpty();
          assertThat(holding.path()).hasBinaryContent(next);

          Files.delete(ballast);
          fixture.fill(third);
          assertThat(fixture.file(third)).hasBinaryContent(third);
        }
      }
    }
  }

  @Test
  void verifiedBytesOfOthersAreTakenInWhereThereIsRoom() throws Exception {
    byte[] content = content(35, RANGE);
    try (CacheFixture fixture = new CacheFixture(temp, 2 * RANGE)) {
      try (IncomingBlob incoming = fixture.cache.incoming(RANGE).orElseThrow()) {
        Files.write(incoming.file(), content);
        incoming.adopt(digest(content));
        assertThat(incoming.file()).doesNotExist();
      }
      try (LocalBlob blob = fixture.hold(content)) {
        assertThat(blob.path()).hasBinaryContent(content);
        assertThat(fixture.cache.incoming(2 * RANGE)).as("beside one in use").isEmpty();
      }
    }
  }

  @Test
  void roomForBytesOfOthersIsSetAsideBeforeTheyCome() throws Exception {
    try (CacheFixture fixture = new CacheFixture(temp, 2 * RANGE)) {
      try (IncomingBlob first = fixture.cache.incoming(RANGE + 1).orElseThrow()) {
        assertThat(fixture.cache.incoming(RANGE)).isEmpty();
        Files.write(first.file(), content(36, RANGE));
        assertThatExceptionOfType(IOException.class)
            .isThrownBy(() -> first.adopt(digest(content(36, RANGE))))
            .withMessageContaining("has " + RANGE + " bytes and not " + (RANGE + 1));
      }
      assertThat(fixture.leftovers()).isEmpty();
      fixture.cache.incoming(2 * RANGE).orElseThrow().close();
    }
  }

  @Test
  void peersReadFromAnOffsetAndNothingIsFetchedForThem() throws Exception {
    byte[] content = content(37, RANGE);
    try (CacheFixture fixture = new CacheFixture(temp, 2 * RANGE)) {
      assertThat(fixture.cache.openCached(digest(content), 0)).isEmpty();
      fixture.fill(content);
      try (CachedBlob blob = fixture.cache.openCached(digest(content), RANGE - 5).orElseThrow()) {
        ByteBuffer read = ByteBuffer.allocate(10);
        assertThat(blob.sizeBytes()).isEqualTo(RANGE);
        assertThat(blob.channel().read(read)).isEqualTo(5);
        // Not evicted while it is read.
        assertThatExceptionOfType(CacheFullException.class)
            .isThrownBy(() -> fixture.fill(content(38, 2 * RANGE)));
      }
      fixture.fill(content(38, 2 * RANGE));
    }
  }

  @Test
  void aDirectoryThatCannotBeUsedOrIsInUseIsRefused() throws Exception {
    Path file = Files.createFile(temp.resolve("file"));
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> new CacheFixture(file, 1))
        .withMessageContaining(file.toString());
    Path used = temp.resolve("used");
    try (CacheFixture first = new CacheFixture(used, 1)) {
      assertThatExceptionOfType(BlobStoreUnavailableException.class)
          .isThrownBy(() -> new CacheFixture(used, 1))
          .withMessageContaining("another process uses it");
      assertThat(first.cache.filesHeld()).isZero();
    }
  }

  @Test
  void aBlobOfAnotherSizeThanWantedIsNotHandedOut() throws Exception {
    byte[] content = content(39, RANGE);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      fixture.fill(content);
      assertThatExceptionOfType(WrongBytesException.class)
          .isThrownBy(
              () ->
                  fixture.cache.hold(new WantedBlob(digest(content), RANGE + 1, List.of()), LONG));
    }
  }

  @Test
  void closingEndsThoseWhoWait() throws Exception {
    byte[] content = content(40, RANGE);
    TestSource stalling = new TestSource("slow", Manner.STALLING, content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      Future<LocalBlob> waiting = threads.submit(() -> fixture.hold(content, stalling));
      await().until(() -> fixture.cache.counters().runningFetches() == 1);
      fixture.cache.close();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> waiting.get(10, TimeUnit.SECONDS))
          .withCauseInstanceOf(IOException.class);
    }
  }

  /** Flips a byte, as a failing disk or a careless root does. */
  private static void overwrite(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, bytes);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
  }
}
