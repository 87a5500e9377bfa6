package dev.assetmanagerd.storage.bounded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A store whose file system hangs, really (frozen) or in a channel that does not return. */
@Timeout(60)
class HungStoreTest {
  private static final Duration TIMEOUT = Duration.ofMillis(500);
  private static final Duration SOON = Duration.ofSeconds(20);

  private static final String ULID = "01BX5ZZKBKACTAV9WEVGEMMVS0";

  private final BoundedSteps steps = new BoundedSteps("store X", 8, TIMEOUT, System::nanoTime);
  private final ExecutorService writers = Executors.newCachedThreadPool();

  @TempDir private Path temp;

  @AfterEach
  void stop() {
    writers.shutdownNow();
    steps.close();
  }

  @Tag("root")
  @Test
  void onAFrozenFileSystemEveryCallEndsInTimeAndAllGoesOnWhenItThaws() throws Exception {
    byte[] content = content(3_000_000);
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      BoundedBlobStore store = open(disk.directory().resolve("blobs"));
      String location = put(store, content);
      Spool begun = Spool.open(store, "n1", 10_000_000, writers);
      begun.write(ByteBuffer.wrap(content));
      Spool spooled = Spool.open(store, "n1", 100, writers);
      spooled.write(ByteBuffer.wrap(content, 0, 100));
      SpooledFile part = spooled.finish();

      disk.freeze();
      try {
        assertHangs(begun::finish);
        assertEndsSoon(begun::close);
        assertHangs(() -> put(store, content(1000)));
        assertHangs(() -> store.delete(location));
        assertHangs(() -> store.delete(location));
        assertHangs(store::storeTime);
        assertHangs(
            () -> store.parts().putPart(ULID, ULID, part.path(), part.digest(), part.sizeBytes()));
        assertThat(steps.problem()).isPresent();
      } finally {
        disk.thaw();
      }

      await().atMost(SOON).until(() -> steps.problem().isEmpty() && steps.running() == 0);
      assertThat(store.stat(location)).as("the deletion came to its end").isEmpty();
      assertThat(put(store, content)).isEqualTo(location);
      assertThat(read(store, location)).isEqualTo(content);
      await()
          .atMost(SOON)
          .untilAsserted(() -> assertThat(store.stagingDirectory()).isEmptyDirectory());
    }
  }

  @Tag("root")
  @Test
  void openingAStoreOnAFrozenFileSystemEndsWithTheReason() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      disk.freeze();
      try {
        assertHangs(
            () ->
                steps.run(
                    "open the store",
                    () -> SharedDirectoryBlobStore.open(disk.directory().resolve("b"), "n1")));
      } finally {
        disk.thaw();
      }
      await().atMost(SOON).until(() -> steps.running() == 0);
    }
  }

  @Test
  void aReadThatHangsEndsInTimeAndTheChannelIsClosedWhenItReturns() throws Exception {
    HungFile hung = new HungFile();
    AtomicBoolean closed = new AtomicBoolean();
    BoundedChannel channel =
        BoundedChannel.open(
            steps,
            at ->
                new TestChannel(content(10), at) {
                  @Override
                  public int read(ByteBuffer target) throws IOException {
                    hung.hang();
                    return super.read(target);
                  }

                  @Override
                  public void close() {
                    closed.set(true);
                  }
                },
            0);
    ByteBuffer target = ByteBuffer.allocate(10);
    try {
      assertHangs(() -> channel.read(target));
      assertThatExceptionOfType(StoreHangsException.class).isThrownBy(() -> channel.read(target));
      assertEndsSoon(channel::close);
      assertThat(closed).as("not under the read's feet").isFalse();
    } finally {
      hung.free();
    }
    await().atMost(SOON).untilTrue(closed);
    assertThat(target.array()).as("what came too late").containsOnly(0);
  }

  @Test
  void aHandleThatGoesStaleIsOpenedAgainOnceWhereReadingStood() throws Exception {
    byte[] content = content(1_000_000);
    AtomicInteger opened = new AtomicInteger();
    assertThat(readStale(content, opened, 1)).isEqualTo(content);
    assertThat(opened).hasValue(2);

    opened.set(0);
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> readStale(content, opened, 5))
        .withMessageContaining("Stale file handle");
    assertThat(opened).hasValue(2);
  }

  private byte[] readStale(byte[] content, AtomicInteger opened, int staleTimes)
      throws IOException {
    try (ReadableByteChannel channel =
        BoundedChannel.open(
            steps,
            at -> {
              boolean goesStale = opened.incrementAndGet() <= staleTimes;
              return new TestChannel(content, at) {
                @Override
                public int read(ByteBuffer target) throws IOException {
                  if (goesStale && position() >= 300_000) {
                    throw new IOException("Stale file handle");
                  }
                  return super.read(target);
                }
              };
            },
            0)) {
      return drain(channel);
    }
  }

  @Test
  void aListingThatHangsEndsInTime() throws Exception {
    HungFile hung = new HungFile();
    AtomicBoolean closed = new AtomicBoolean();
    Stream<Integer> source =
        Stream.iterate(0, i -> i + 1)
            .peek(
                i -> {
                  if (i == 200) {
                    hangUnchecked(hung);
                  }
                })
            .limit(300)
            .onClose(() -> closed.set(true));
    try (Stream<Integer> listing = BoundedListing.of(steps, () -> source)) {
      assertHangs(() -> listing.forEach(i -> assertThat(i).isLessThan(200)));
      hung.free();
    } finally {
      hung.free();
    }
    await().atMost(SOON).untilTrue(closed);
  }

  @Test
  void aDeletionThatHungHoldsItsLocationUntilItHasEnded() throws Exception {
    HungFile hung = new HungFile();
    AtomicBoolean hanging = new AtomicBoolean();
    SharedDirectoryBlobStore raw = SharedDirectoryBlobStore.open(temp.resolve("blobs"), "n1");
    BoundedBlobStore store =
        new BoundedBlobStore(
            new ForwardingStore(raw) {
              @Override
              public boolean delete(String location) throws IOException {
                if (hanging.getAndSet(false)) {
                  hung.hang();
                }
                return super.delete(location);
              }
            },
            raw.parts(),
            steps);
    byte[] content = content(1000);
    String location = put(store, content);
    try {
      hanging.set(true);
      assertHangs(() -> store.delete(location));
      assertHangs(() -> put(store, content));
      assertHangs(() -> store.delete(location));
      assertThat(store.stat(location))
          .as("others are not held up")
          .map(BlobStat::sizeBytes)
          .contains(1000L);
    } finally {
      hung.free();
    }
    await().atMost(SOON).until(() -> store.stat(location).isEmpty());
    await().atMost(SOON).ignoreExceptions().until(() -> put(store, content).equals(location));
    assertThat(read(store, location)).isEqualTo(content);
    assertThat(store.stagingDirectory()).isEmptyDirectory();
  }

  private static void hangUnchecked(HungFile hung) {
    try {
      hung.hang();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private BoundedBlobStore open(Path root) throws IOException {
    SharedDirectoryBlobStore store = SharedDirectoryBlobStore.open(root, "n1");
    return new BoundedBlobStore(store, store.parts(), steps);
  }

  private String put(BoundedBlobStore store, byte[] content) throws IOException {
    try (Spool spool = Spool.open(store, "n1", content.length, writers)) {
      spool.write(ByteBuffer.wrap(content));
      SpooledFile file = spool.finish();
      store.put(
          file.duplicate(store.steps()), file.digest().location(), file.digest(), file.sizeBytes());
      return file.digest().location();
    }
  }

  private static byte[] read(BoundedBlobStore store, String location) throws IOException {
    try (ReadableByteChannel channel = store.open(location, 0)) {
      return drain(channel);
    }
  }

  private static byte[] drain(ReadableByteChannel channel) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Channels.newInputStream(channel).transferTo(all);
    return all.toByteArray();
  }

  private static byte[] content(int size) {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    return content;
  }

  private static void assertHangs(ThrowingCallable call) {
    assertEndsSoon(
        () ->
            assertThatExceptionOfType(Exception.class)
                .isThrownBy(call)
                .satisfies(
                    e ->
                        assertThat(e instanceof UncheckedIOException ? e.getCause() : e)
                            .isInstanceOf(StoreHangsException.class)));
  }

  private static void assertEndsSoon(ThrowingCallable call) {
    long before = System.nanoTime();
    assertThatCode(call).doesNotThrowAnyException();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
  }

  /** Bytes in memory. */
  private static class TestChannel implements ReadableByteChannel {
    private final byte[] content;
    private int position;

    TestChannel(byte[] content, long position) {
      this.content = content;
      this.position = (int) position;
    }

    int position() {
      return position;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (position >= content.length) {
        return -1;
      }
      byte[] next =
          Arrays.copyOfRange(
              content, position, Math.min(content.length, position + target.remaining()));
      target.put(next);
      position += next.length;
      return next.length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
