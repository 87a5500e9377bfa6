package dev.assetmanagerd.storage.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.file.DiskFailure;
import dev.assetmanagerd.storage.file.IoSteps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpoolTest {
  private static final int BUFFER = WriteBehind.BUFFER_BYTES;
  private static final int BUFFERED = BUFFER * WriteBehind.MAX_BUFFERS;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  @TempDir private Path temp;

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, BUFFER - 1, BUFFER, BUFFER + 1, BUFFERED * 3 + 7})
  void whatIsWrittenIsOnDiskUnderItsDigest(int size) throws Exception {
    byte[] content = BlobStoreContract.content(size, size);
    for (boolean background : new boolean[] {true, false}) {
      try (Spool spool =
          background ? Spool.open(temp, "n1", size, threads) : Spool.open(temp, "n1", size)) {
        for (int at = 0; at < size; at += 65_536) {
          spool.write(ByteBuffer.wrap(content, at, Math.min(65_536, size - at)));
        }
        SpooledFile file = spool.finish();

        assertThat(file.sizeBytes()).isEqualTo(size);
        assertThat(file.path()).hasBinaryContent(content);
        assertThat(file.digest().hex())
            .isEqualTo(
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
      }
    }
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void buffersOfEveryKindAreTakenWhole() throws IOException {
    byte[] content = BlobStoreContract.content(3_000_000, 1);
    Random random = new Random(2);
    try (Spool spool = Spool.open(temp, "n1", content.length, threads)) {
      int at = 0;
      while (at < content.length) {
        int length = Math.min(1 + random.nextInt(100_000), content.length - at);
        ByteBuffer heap = ByteBuffer.wrap(content, at, length);
        ByteBuffer direct = ByteBuffer.allocateDirect(length).put(heap.duplicate()).flip();
        ByteBuffer given =
            switch (random.nextInt(4)) {
              case 0 -> heap;
              case 1 -> heap.slice();
              case 2 -> direct;
              default -> heap.asReadOnlyBuffer();
            };
        spool.write(ByteBuffer.allocate(0), given);
        assertThat(given.hasRemaining()).isFalse();
        at += length;
      }
      assertThat(spool.finish().digest()).isEqualTo(BlobStoreContract.digest(content));
    }
  }

  @Test
  void aBufferMayBeUsedAgainAtOnce() throws IOException {
    byte[] content = BlobStoreContract.content(2_000_000, 3);
    byte[] reused = new byte[1000];
    try (Spool spool = Spool.open(temp, "n1", content.length, threads)) {
      for (int at = 0; at < content.length; at += reused.length) {
        System.arraycopy(content, at, reused, 0, reused.length);
        spool.write(ByteBuffer.wrap(reused));
      }
      assertThat(spool.finish().path()).hasBinaryContent(content);
    }
  }

  @Test
  void exactlyTheLimitIsTakenAndOneByteMoreIsNot() throws IOException {
    try (Spool spool = Spool.open(temp, "n1", 1000)) {
      spool.write(ByteBuffer.allocate(600), ByteBuffer.allocate(400));

      ByteBuffer more = ByteBuffer.allocate(1);
      assertThatExceptionOfType(BlobTooLargeException.class)
          .isThrownBy(() -> spool.write(more))
          .satisfies(e -> assertThat(e.limitBytes()).isEqualTo(1000))
          .withMessageContaining("1000");
      assertThat(more.remaining()).isEqualTo(1);
      assertThat(spool.finish().sizeBytes()).isEqualTo(1000);
    }
  }

  @Test
  void closingDeletesTheFileAtAnyMoment() throws IOException {
    Spool.open(temp, "n1", 10).close();
    assertThat(temp).isEmptyDirectory();

    Spool written = Spool.open(temp, "n1", BUFFERED * 4L, threads);
    written.write(ByteBuffer.allocate(BUFFERED * 2));
    written.close();
    written.close();
    assertThat(temp).isEmptyDirectory();

    Spool finished = Spool.open(temp, "n1", 10);
    finished.write(ByteBuffer.allocate(10));
    Path file = finished.finish().path();
    assertThat(file).exists();
    finished.close();
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void aFinishedOrClosedSpoolTakesNoMore() throws IOException {
    Spool spool = Spool.open(temp, "n1", 10);
    spool.finish();
    assertThatIllegalStateException().isThrownBy(() -> spool.write(ByteBuffer.allocate(1)));
    assertThatIllegalStateException().isThrownBy(spool::finish);
    spool.close();
    assertThatIllegalStateException().isThrownBy(() -> spool.write(ByteBuffer.allocate(1)));
  }

  @Test
  void theCallerIsHeldBackWhenTheDiskDoesNotKeepUp() throws Exception {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    AtomicLong taken = new AtomicLong();
    try (Spool spool = Spool.open(temp, "n1", BUFFERED * 2L, held::add)) {
      Future<SpooledFile> upload =
          threads.submit(
              () -> {
                for (int i = 0; i < 2 * WriteBehind.MAX_BUFFERS; i++) {
                  spool.write(ByteBuffer.allocate(BUFFER));
                  taken.addAndGet(BUFFER);
                }
                return spool.finish();
              });
      await().atMost(Duration.ofSeconds(10)).until(() -> taken.get() >= BUFFERED);
      await()
          .during(Duration.ofMillis(200))
          .atMost(Duration.ofSeconds(5))
          .until(() -> taken.get() <= BUFFERED);
      assertThat(held).as("one task at a time").hasSize(1);

      while (!upload.isDone()) {
        Runnable task = held.poll();
        if (task != null) {
          task.run();
        }
      }
      assertThat(upload.get(1, TimeUnit.SECONDS).sizeBytes()).isEqualTo(BUFFERED * 2L);
    }
  }

  @Test
  void aFullDiskFailsTheUploadWithThatReason() throws IOException {
    Path device = Path.of("/dev/full");
    try (FileChannel full = FileChannel.open(device, StandardOpenOption.WRITE)) {
      WriteBehind writer = new WriteBehind(new SteppedFile(IoSteps.DIRECT, device, full), threads);

      assertThatExceptionOfType(IOException.class)
          .isThrownBy(
              () -> {
                for (int i = 0; i < 4 * WriteBehind.MAX_BUFFERS; i++) {
                  writer.append(ByteBuffer.allocate(BUFFER), Hashing.newSha256());
                }
                writer.finish();
              })
          .satisfies(e -> assertThat(DiskFailure.of(e)).isEqualTo(DiskFailure.NO_SPACE));
    }
  }

  @Test
  void anUploadFailsWhenThereIsNoThreadToWriteIt() throws IOException {
    try (Spool spool =
        Spool.open(
            temp,
            "n1",
            BUFFERED,
            task -> {
              throw new RejectedExecutionException("busy");
            })) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> spool.write(ByteBuffer.allocate(BUFFER)));
      assertThatExceptionOfType(IOException.class).isThrownBy(spool::finish);
    }
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void aMissingStagingDirectoryIsNamed() {
    Path missing = temp.resolve("missing");

    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> Spool.open(missing, "n1", 1))
        .withMessageContaining(missing.toString());
  }

  @Test
  void aFileIsHashedAsAWholeAndFromWhereTheChannelStands() throws IOException {
    byte[] content = BlobStoreContract.content(1_000_000, 4);
    Path file = Files.write(temp.resolve("file"), content);

    assertThat(Hashing.sha256(file))
        .isEqualTo(new Hashing.Content(content.length, BlobStoreContract.digest(content)));
    try (FileChannel channel = FileChannel.open(file).position(content.length)) {
      assertThat(Hashing.sha256(channel))
          .isEqualTo(new Hashing.Content(0, BlobStoreContract.digest("")));
    }
  }
}
