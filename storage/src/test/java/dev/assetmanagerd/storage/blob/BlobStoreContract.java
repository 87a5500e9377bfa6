package dev.assetmanagerd.storage.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What holds for every blob store. A store's test class extends this and adds its own; with two
 * stores on the same bytes, {@link #openStoreOfAnotherNode} gives the second.
 */
public abstract class BlobStoreContract extends BlobReaderContract {
  @SuppressWarnings("NullAway.Init") // set before each test
  private BlobStore store;

  /** Opens the store under test, empty. */
  protected abstract BlobStore openStore() throws IOException;

  @BeforeEach
  final void openStoreUnderTest() throws IOException {
    store = openStore();
  }

  /** Opens a store on the same bytes, as another node has it. */
  protected abstract BlobStore openStoreOfAnotherNode() throws IOException;

  /** The store that this test opened. */
  protected final BlobStore store() {
    return store;
  }

  @Override
  protected final BlobReader reader() {
    return store;
  }

  @Override
  protected final String provide(byte[] content) throws IOException {
    return put(content).location();
  }

  @Test
  void aBlobThatWasPutCanBeFoundReadAndListed() throws IOException {
    byte[] content = content(LARGE, 1);

    BlobStat put = put(content);

    assertThat(put.location()).isEqualTo(digest(content).location());
    assertThat(put.sizeBytes()).isEqualTo(LARGE);
    assertThat(store.stat(put.location())).contains(put);
    assertThat(read(put.location(), 0)).isEqualTo(content);
    assertThat(listed()).containsExactly(plain(put));
    Optional<Path> local = store.localFile(put.location());
    if (local.isPresent()) {
      assertThat(local.get()).hasBinaryContent(content);
    }
  }

  @Test
  void aBlobThatIsSetAsideIsGoneForEverybodyAndCanBePutAgain() throws IOException {
    byte[] content = content(1000, 31);
    BlobStat wrong = put(content);
    BlobStat other = put(content(1000, 32));

    assertThat(store.setAside(wrong, false)).isTrue();

    assertThat(store.stat(wrong.location())).isEmpty();
    assertThat(openStoreOfAnotherNode().stat(wrong.location())).isEmpty();
    assertThat(listed()).containsExactly(plain(other));
    assertThat(store.setAside(wrong, false)).as("a second time").isFalse();
    putAt(wrong.location(), content);
    assertThat(read(wrong.location(), 0)).isEqualTo(content);
  }

  @Test
  void aBlobThatIsAnotherThanTheOneFoundWrongIsNotSetAside() throws IOException {
    byte[] content = content(1000, 33);
    BlobStat now = put(content);
    BlobStat before =
        new BlobStat(now.location(), now.sizeBytes(), now.lastModified().minusSeconds(60));

    assertThat(store.setAside(before, false)).isFalse();
    assertThat(store.setAside(new BlobStat(now.location(), 999, now.lastModified()), false))
        .isFalse();

    assertThat(read(now.location(), 0)).isEqualTo(content);
    assertThatExceptionOfType(InvalidLocationException.class)
        .isThrownBy(() -> store.setAside(new BlobStat("../x", 1, now.lastModified()), false));
  }

  @Test
  void theSameBytesCanLieAtSeveralLocationsOfTheirDigest() throws IOException {
    byte[] content = content(1000, 14);
    Sha256 digest = digest(content);
    List<String> locations =
        List.of(digest.location(), digest.location() + ".2", digest.location() + ".123");

    for (String location : locations) {
      putAt(location, content);
    }

    assertThat(listed())
        .extracting(BlobStat::location)
        .containsExactlyInAnyOrderElementsOf(locations);
    assertThat(store.delete(locations.get(0))).isTrue();
    assertThat(store.stat(locations.get(0))).isEmpty();
    assertThat(read(locations.get(1), 0)).isEqualTo(content);
    assertThat(read(locations.get(2), 0)).isEqualTo(content);
  }

  @Test
  void aLocationThatIsNotOneOfTheDigestIsRefusedAndTheStagedFileConsumed() throws IOException {
    byte[] content = content(1000, 15);
    String location = digest(content).location();
    List<String> wrong =
        List.of(
            digest("other").location(),
            location + ".1",
            location + ".0",
            location + ".02",
            location + ".-2",
            location + ".2.3",
            location + ".1234567890",
            location + ".metadata.json",
            location + "/2",
            "../" + location,
            digest(content).hex(),
            "");

    for (String bad : wrong) {
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(bad)
          .isThrownBy(() -> putAt(bad, content));
    }

    assertThat(staged()).isEmpty();
    assertThat(listed()).isEmpty();
  }

  @Test
  void theAgeOfABlobIsToldByTheClockOfItsStore() throws IOException {
    Instant before = store.storeTime();
    BlobStat blob = put(content(1000, 16));
    Instant after = store.storeTime();

    assertThat(blob.lastModified()).isBetween(before.minusMillis(20), after.plusMillis(20));
    assertThat(listed()).containsExactly(plain(blob));
    assertThat(staged()).as("what asking for the time leaves behind").isEmpty();
  }

  @Test
  void cleaningUpSparesWhatMayBeInUse() throws IOException {
    Path file = stage(content(10, 17));

    assertThat(store.cleanUp(Duration.ofHours(1))).isZero();
    assertThat(staged()).containsExactly(file);
    assertThatIllegalArgumentException().isThrownBy(() -> store.cleanUp(Duration.ofMinutes(59)));
  }

  @Test
  void aStagedFileIsNotVisibleBeforeItIsPut() throws IOException {
    byte[] content = content(1000, 2);
    try (Spool spool = Spool.open(store.stagingDirectory(), "n1", 1000)) {
      spool.write(ByteBuffer.wrap(content));
      SpooledFile file = spool.finish();

      assertThat(store.stat(file.digest().location())).isEmpty();
      assertThat(listed()).isEmpty();
    }
  }

  @Test
  void anAbortedUploadLeavesNothingBehind() throws IOException {
    try (Spool spool = Spool.open(store.stagingDirectory(), "n1", 1000)) {
      spool.write(ByteBuffer.wrap(content(900, 3)));
    }

    assertThat(staged()).isEmpty();
    assertThat(listed()).isEmpty();
  }

  @Test
  void puttingConsumesTheStagedFileAlsoWhenTheBlobExists() throws IOException {
    byte[] content = content(1000, 4);

    BlobStat first = put(content);
    BlobStat second = put(content);

    assertThat(second).isEqualTo(first);
    assertThat(staged()).isEmpty();
    assertThat(listed()).containsExactly(plain(first));
  }

  @Test
  void aStagedFileOfAnotherSizeThanAnnouncedIsRefusedAndConsumed() throws IOException {
    byte[] content = content(1000, 5);
    Path file = stage(content);

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> store.put(file, digest(content).location(), digest(content), 1001))
        .withMessageContaining("1001");

    assertThat(staged()).isEmpty();
    assertThat(listed()).isEmpty();
    assertThat(store.stat(digest(content).location())).isEmpty();
  }

  @Test
  void whatIsOpenCanBeReadToItsEndWhileItIsDeleted() throws IOException {
    byte[] content = content(LARGE, 7);
    String location = put(content).location();

    try (ReadableByteChannel channel = store.open(location, 0)) {
      ByteBuffer head = ByteBuffer.allocate(1000);
      assertThat(channel.read(head)).isPositive();
      store.delete(location);
      assertThat(head.position() + drain(channel).length).isEqualTo(LARGE);
    }
  }

  @Test
  void aDeletedBlobIsGoneAndDeletingAgainSaysSo() throws IOException {
    String location = put(content(1000, 8)).location();
    BlobStat other = put(content(1000, 9));

    assertThat(store.delete(location)).isTrue();
    assertThat(store.delete(location)).isFalse();

    assertThat(store.stat(location)).isEmpty();
    assertThat(listed()).containsExactly(plain(other));
    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> store.open(location, 0));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> store.localFile(location));
  }

  @Test
  void whatOneNodeHasPutAllOthersSee() throws IOException {
    BlobStore other = openStoreOfAnotherNode();
    byte[] content = content(LARGE, 18);

    BlobStat put = put(content);

    assertThat(other.stat(put.location())).contains(put);
    try (ReadableByteChannel channel = other.open(put.location(), 0)) {
      assertThat(drain(channel)).isEqualTo(content);
    }
    try (Stream<BlobStat> blobs = other.list()) {
      assertThat(blobs).containsExactly(plain(put));
    }
    assertThat(other.delete(put.location())).isTrue();
    assertThat(store.stat(put.location())).isEmpty();
  }

  @Test
  void twoNodesPutOneBlobAtATimeAndBothSucceed() throws Exception {
    byte[] content = content(LARGE, 19);
    String location = digest(content).location();
    List<BlobStore> nodes = List.of(store, openStoreOfAnotherNode());
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      CountDownLatch together = new CountDownLatch(2);
      List<Callable<Boolean>> puts = new ArrayList<>();
      for (BlobStore node : nodes) {
        puts.add(
            () -> {
              Path file =
                  Files.write(node.stagingDirectory().resolve(StagedName.next("n1")), content);
              together.countDown();
              assertThat(together.await(30, TimeUnit.SECONDS)).isTrue();
              node.put(file, location, digest(content), LARGE);
              return true;
            });
      }
      for (Future<Boolean> put : threads.invokeAll(puts, 60, TimeUnit.SECONDS)) {
        assertThat(put.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(read(location, 0)).isEqualTo(content);
    assertThat(listed()).hasSize(1);
  }

  @Test
  void bytesOfAnotherDigestThanAnnouncedNeverTakeThePlaceOfABlobThatIsThere() throws IOException {
    byte[] content = content(1000, 31);
    BlobStat blob = put(content);
    Path wrong = stage(content(1000, 32));

    store.put(wrong, blob.location(), digest(content), 1000);

    assertThat(read(blob.location(), 0)).isEqualTo(content);
    assertThat(staged()).isEmpty();
  }

  @Test
  void aDeletedBlobCanBePutAgain() throws IOException {
    byte[] content = content(1000, 10);
    String location = put(content).location();
    store.delete(location);

    put(content);

    assertThat(read(location, 0)).isEqualTo(content);
  }

  @Test
  void whatWasNeverThereIsAbsentAndNotAnError() throws IOException {
    for (String location : List.of("nothing", "ab/nothing", "a/b/c/d", digest("x").location())) {
      assertThat(store.stat(location)).as(location).isEmpty();
      assertThat(store.delete(location)).as(location).isFalse();
      assertThatExceptionOfType(NoSuchFileException.class)
          .as(location)
          .isThrownBy(() -> store.open(location, 0));
    }
  }

  @Test
  void aCompanionCannotBeDeletedByItself() throws IOException {
    String location = put(content(1000, 11)).location();

    assertThatExceptionOfType(InvalidLocationException.class)
        .isThrownBy(() -> store.delete(BlobCompanion.locationOf(location)));
  }

  @Test
  void aHostileLocationIsRefusedByEveryRole() {
    for (String location : HOSTILE_LOCATIONS) {
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(location)
          .isThrownBy(() -> store.stat(location))
          .satisfies(
              e ->
                  assertThat(e.getMessage())
                      .hasSizeLessThan(1200)
                      .doesNotContainPattern("[\\p{Cntrl}\u2028\u202e]"));
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(location)
          .isThrownBy(() -> store.open(location, 0));
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(location)
          .isThrownBy(() -> store.localFile(location));
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(location)
          .isThrownBy(() -> store.delete(location));
    }
  }

  @Test
  void manyPutsOfOneBlobAtATimeAllSucceedAndReadersSeeAllOfItOrNothing() throws Exception {
    byte[] content = content(LARGE, 12);
    String location = digest(content).location();
    AtomicBoolean over = new AtomicBoolean();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Future<Integer> reader =
          threads.submit(
              () -> {
                int seen = 0;
                while (!over.get()) {
                  Optional<BlobStat> stat = store.stat(location);
                  if (stat.isPresent()) {
                    assertThat(stat.get().sizeBytes()).isEqualTo(LARGE);
                    assertThat(digest(read(location, 0))).isEqualTo(digest(content));
                    seen++;
                  }
                }
                return seen;
              });
      List<Callable<Boolean>> puts = new ArrayList<>();
      CountDownLatch together = new CountDownLatch(8);
      for (int i = 0; i < 8; i++) {
        puts.add(
            () -> {
              Path file = stage(content);
              together.countDown();
              assertThat(together.await(30, TimeUnit.SECONDS)).isTrue();
              store.put(file, location, digest(content), LARGE);
              return store.stat(location).isPresent();
            });
      }
      for (Future<Boolean> put : threads.invokeAll(puts, 60, TimeUnit.SECONDS)) {
        assertThat(put.get()).as("visible when the put has returned").isTrue();
      }
      over.set(true);
      assertThat(reader.get(30, TimeUnit.SECONDS)).isNotNegative();
    } finally {
      over.set(true);
      threads.shutdownNow();
    }
    assertThat(read(location, 0)).isEqualTo(content);
    assertThat(staged()).isEmpty();
  }

  @Test
  void puttingAndDeletingAtATimeEndsWithTheWholeBlobOrNone() throws Exception {
    byte[] content = content(100_000, 13);
    String location = digest(content).location();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Callable<Boolean>> both =
          List.of(
              () -> {
                for (int i = 0; i < 30; i++) {
                  putAt(location, content);
                }
                return true;
              },
              () -> {
                for (int i = 0; i < 30; i++) {
                  store.delete(location);
                }
                return true;
              });
      for (Future<Boolean> done : threads.invokeAll(both, 60, TimeUnit.SECONDS)) {
        assertThat(done.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
    Optional<BlobStat> left = store.stat(location);
    if (left.isPresent()) {
      assertThat(read(location, 0)).isEqualTo(content);
    }
    assertThat(listed()).isEqualTo(left.stream().map(BlobStoreContract::plain).toList());
  }

  /** What a listing says of a blob. */
  protected static BlobStat plain(BlobStat stat) {
    return new BlobStat(stat.location(), stat.sizeBytes(), stat.lastModified());
  }

  /** Writes a complete file into the staging directory. */
  protected final Path stage(byte[] content) throws IOException {
    Path file = store.stagingDirectory().resolve(StagedName.next("n1"));
    return Files.write(file, content);
  }

  /** Puts a blob at the first location of its digest. */
  protected final BlobStat put(byte[] content) throws IOException {
    String location = digest(content).location();
    putAt(location, content);
    return store.stat(location).orElseThrow();
  }

  /** Puts a blob. */
  protected final void putAt(String location, byte[] content) throws IOException {
    store.put(stage(content), location, digest(content), content.length);
  }

  /** All blobs. */
  protected final List<BlobStat> listed() throws IOException {
    try (Stream<BlobStat> blobs = store.list()) {
      return blobs.toList();
    }
  }

  /** All files in the staging directory. */
  protected final List<Path> staged() throws IOException {
    try (Stream<Path> files = Files.list(store.stagingDirectory())) {
      return files.toList();
    }
  }
}
