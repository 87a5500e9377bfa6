package dev.assetmanagerd.storage.nfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.storage.bounded.BoundedBlobStore;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import dev.assetmanagerd.storage.bounded.StoreHangsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A real NFS mount: how it is recognised, and what happens when its server hangs. */
@EnabledIfSystemProperty(
    named = NfsDirectory.PROPERTY,
    matches = ".+",
    disabledReason = "needs a directory on NFS, see docs/development")
@Timeout(180)
class NfsMountTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final int THREADS = 4;
  private static final int SIZE = 32 << 20;

  private final NfsDirectory directory = new NfsDirectory();

  @AfterEach
  void close() {
    directory.close();
  }

  @Test
  void aDirectoryOnItIsKnownAsNfsAlsoBeforeItExists() throws IOException {
    Path root = directory.rootIn(NfsDirectory.mount());

    Mount before = MountCheck.of(root);
    Files.createDirectory(root);
    Mount after = MountCheck.of(root);

    assertThat(before.isNfs()).as(before.description()).isTrue();
    assertThat(after).isEqualTo(before);
    assertThat(MountCheck.of(Path.of("/proc")).isNfs()).isFalse();
  }

  @Test
  void whatIsDoubtfulAboutItsOptionsIsTold() throws IOException {
    Mount mount = MountCheck.of(NfsDirectory.mount());
    boolean positive = mount.options().contains("lookupcache=pos");

    assertThat(MountCheck.doubts(mount))
        .as("options %s", mount.options())
        .hasSize((positive ? 0 : 1) + (mount.options().contains("soft") ? 1 : 0));
  }

  @Test
  void theStoreOfAnotherClusterIsRefused() throws IOException {
    Path root = directory.rootIn(NfsDirectory.mount());
    SharedDirectoryBlobStore.open(root, "n1", "prod");
    SharedDirectoryBlobStore.open(root, "n2", "prod");

    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> SharedDirectoryBlobStore.open(root, "n1", "test"))
        .withMessageContaining("\"prod\"");
  }

  @Test
  void whenTheServerHangsEveryCallEndsInTimeAndAllGoesOnWhenItComesBack() throws Exception {
    ServerControl server = ServerControl.orSkip();
    byte[] content = content(1, SIZE);
    BoundedSteps steps = directory.steps(TIMEOUT);
    BoundedBlobStore store = directory.open(NfsDirectory.mount(), "n1", steps);
    // Put through the other mount: this one has nothing of it in its cache.
    String location = put(directory.openOfAnotherNode(), content);
    Spool begun = Spool.open(store, "n1", SIZE, Runnable::run);
    begun.write(ByteBuffer.wrap(content, 0, 1 << 20));
    ReadableByteChannel reading = store.open(location, 0);

    server.stop();
    try {
      assertHangs(begun::finish);
      assertEndsSoon(begun::close);
      if (NfsDirectory.otherMount().isPresent()) {
        assertHangs(() -> reading.read(ByteBuffer.allocate(SIZE)));
      }
      assertEndsSoon(reading::close);
      assertHangs(() -> put(store, content(2, 1000)));
      assertHangs(store::storeTime);
      assertHangs(() -> directory.open(NfsDirectory.mount(), "n3", directory.steps(TIMEOUT)));
      await().atMost(Duration.ofMinutes(1)).until(() -> oneMoreHangs(store, steps));
      long before = System.nanoTime();
      assertThatExceptionOfType(StoreHangsException.class)
          .isThrownBy(store::storeTime)
          .withMessageContaining("4 of 4 threads hang");
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(TIMEOUT);
    } finally {
      server.goOn();
    }

    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> steps.problem().isEmpty() && steps.running() == 0);
    assertThat(Hashing.sha256(store.open(location, 0)).sizeBytes()).isEqualTo(SIZE);
    String again = put(store, content(3, 100_000));
    assertThat(store.stat(again)).map(BlobStat::sizeBytes).contains(100_000L);
    await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(staged(store)).isEmpty());
  }

  @Test
  void aBlobThatIsPutAnewUnderAReaderOfVersion3IsReadToItsEnd() throws Exception {
    Optional<Path> version3 = NfsDirectory.mountOfVersion3();
    assumeTrue(version3.isPresent(), "needs a mount of version 3");
    byte[] content = content(4, SIZE);
    BoundedBlobStore store = directory.open();
    String location = put(store, content);
    BoundedBlobStore reader = directory.open(version3.get(), "n2", directory.steps(TIMEOUT));

    try (ReadableByteChannel channel = reader.open(location, 0)) {
      ByteBuffer first = ByteBuffer.allocate(1000);
      channel.read(first);
      assertThat(store.delete(location)).isTrue();
      assertThat(put(store, content)).isEqualTo(location);

      var digest = Hashing.newDigester();
      digest.update(first.flip());
      ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
      while (channel.read(buffer) >= 0) {
        digest.update(buffer.flip());
        buffer.clear();
      }
      assertThat(digest.finish().location()).isEqualTo(location);
    }
  }

  private static boolean oneMoreHangs(BoundedBlobStore store, BoundedSteps steps) {
    try {
      store.storeTime();
      return false;
    } catch (IOException e) {
      return steps.hanging() == THREADS;
    }
  }

  private static List<Path> staged(BoundedBlobStore store) throws IOException {
    try (Stream<Path> files = Files.list(store.stagingDirectory())) {
      return files.toList();
    }
  }

  private static String put(BoundedBlobStore store, byte[] content) throws IOException {
    try (Spool spool = Spool.open(store, "n1", content.length, Runnable::run)) {
      spool.write(ByteBuffer.wrap(content));
      SpooledFile file = spool.finish();
      store.put(
          file.duplicate(store.steps()), file.digest().location(), file.digest(), file.sizeBytes());
      return file.digest().location();
    }
  }

  private static byte[] content(long seed, int size) {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return content;
  }

  private static void assertHangs(ThrowingCallable call) {
    assertEndsSoon(() -> assertThatExceptionOfType(StoreHangsException.class).isThrownBy(call));
  }

  private static void assertEndsSoon(ThrowingCallable call) {
    long before = System.nanoTime();
    assertThatCode(call).doesNotThrowAnyException();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(12));
  }
}
