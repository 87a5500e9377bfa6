package dev.assetmanagerd.storage.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for the parts of uploads in every store that takes them. */
public abstract class BlobPartsContract {
  protected static final String UPLOAD = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  protected static final String OTHER_UPLOAD = "01BX5ZZKBKACTAV9WEVGEMMVRZ";
  private static final List<String> PARTS =
      List.of("01BX5ZZKBKACTAV9WEVGEMMVS0", "01BX5ZZKBKACTAV9WEVGEMMVS1");

  @SuppressWarnings("NullAway.Init") // set before each test
  private BlobStore store;

  @SuppressWarnings("NullAway.Init") // set before each test
  private BlobParts parts;

  /** Opens the store under test, empty. */
  protected abstract BlobStore openStore() throws IOException;

  /** The parts of the store that was opened last. */
  protected abstract BlobParts parts(BlobStore store);

  @BeforeEach
  void openStoreUnderTest() throws IOException {
    store = openStore();
    parts = parts(store);
  }

  final BlobStore store() {
    return store;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5000, 2_000_000})
  void aPartThatWasPutCanBeRead(int size) throws IOException {
    byte[] content = content(size, 1);

    Path staged = put(UPLOAD, PARTS.get(0), content);

    assertThat(read(UPLOAD, PARTS.get(0))).isEqualTo(content);
    assertThat(staged).as("the staged file is consumed").doesNotExist();
  }

  @Test
  void partsAreNoBlobs() throws IOException {
    put(UPLOAD, PARTS.get(0), content(100, 2));

    try (Stream<BlobStat> blobs = store.list()) {
      assertThat(blobs).isEmpty();
    }
    assertThat(store.stat(new Sha256("ab".repeat(32)).location())).isEmpty();
  }

  @Test
  void uploadsWithPartsAreListedWithTheTimeOfTheNewest() throws IOException {
    assertThat(uploads()).isEmpty();
    put(UPLOAD, PARTS.get(0), content(100, 3));
    put(UPLOAD, PARTS.get(1), content(100, 4));
    put(OTHER_UPLOAD, PARTS.get(0), content(100, 5));

    assertThat(uploads())
        .extracting(BlobParts.Upload::uploadId)
        .containsExactlyInAnyOrder(UPLOAD, OTHER_UPLOAD);
    Duration age =
        Duration.between(
            uploads().stream().findFirst().orElseThrow().lastModified(), store.storeTime());
    assertThat(age).isBetween(Duration.ofSeconds(-5), Duration.ofSeconds(60));
  }

  @Test
  void deletingAnUploadTakesAllOfItsPartsAndNoOthers() throws IOException {
    put(UPLOAD, PARTS.get(0), content(100, 3));
    put(UPLOAD, PARTS.get(1), content(100, 4));
    put(OTHER_UPLOAD, PARTS.get(0), content(100, 5));

    parts.deleteParts(UPLOAD);
    parts.deleteParts(UPLOAD);

    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> read(UPLOAD, PARTS.get(0)));
    assertThat(uploads()).extracting(BlobParts.Upload::uploadId).containsExactly(OTHER_UPLOAD);
    assertThat(read(OTHER_UPLOAD, PARTS.get(0))).isEqualTo(content(100, 5));
  }

  @Test
  void whatIsNotThereCannotBeRead() throws IOException {
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> read(UPLOAD, PARTS.get(0)));
    put(UPLOAD, PARTS.get(0), content(100, 3));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> read(UPLOAD, PARTS.get(1)));
  }

  @Test
  void aStagedFileOfAnotherSizeIsNoPart() throws IOException {
    byte[] content = content(100, 6);
    Path staged = staged(content);

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () -> parts.putPart(UPLOAD, PARTS.get(0), staged, new Sha256(hex(content)), 99));

    assertThat(staged).doesNotExist();
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> read(UPLOAD, PARTS.get(0)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../x", "a/b", "01ARZ3NDEKTSV4RRFFQ69G5FAV/..", "short"})
  void whatIsNoIdOfOursIsRefused(String id) throws IOException {
    byte[] content = content(10, 7);
    Path staged = staged(content);
    Sha256 digest = new Sha256(hex(content));

    assertThatThrownBy(() -> parts.putPart(id, PARTS.get(0), staged, digest, 10))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> read(UPLOAD, id)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> parts.deleteParts(id)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void partsThatComeAtTheSameTimeAreAllThere() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> puts = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        int number = i;
        puts.add(threads.submit(() -> put(UPLOAD, part(number), content(1000, number))));
      }
      for (Future<?> put : puts) {
        put.get();
      }
    } finally {
      threads.shutdownNow();
    }
    for (int i = 0; i < 16; i++) {
      assertThat(read(UPLOAD, part(i))).as("part %d", i).isEqualTo(content(1000, i));
    }
  }

  private static String part(int number) {
    return "01BX5ZZKBKACTAV9WEVGEMMV" + (10 + number);
  }

  final Path put(String uploadId, String partId, byte[] content) throws IOException {
    Path staged = staged(content);
    parts.putPart(uploadId, partId, staged, new Sha256(hex(content)), content.length);
    return staged;
  }

  @SuppressWarnings("resource") // what it would delete is put
  private Path staged(byte[] content) throws IOException {
    Spool spool = Spool.open(store.stagingDirectory(), "n1", content.length);
    spool.write(ByteBuffer.wrap(content));
    return spool.finish().path();
  }

  final byte[] read(String uploadId, String partId) throws IOException {
    try (InputStream in = Channels.newInputStream(parts.openPart(uploadId, partId))) {
      return in.readAllBytes();
    }
  }

  final List<BlobParts.Upload> uploads() throws IOException {
    try (Stream<BlobParts.Upload> uploads = parts.listUploads()) {
      return uploads.toList();
    }
  }

  static byte[] content(int size, int seed) {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return content;
  }

  private static String hex(byte[] content) {
    var digest = Hashing.newSha256();
    digest.update(content);
    return Hashing.finish(digest).hex();
  }
}
