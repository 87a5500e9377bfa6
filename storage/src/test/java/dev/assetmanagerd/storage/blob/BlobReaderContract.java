package dev.assetmanagerd.storage.blob;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What holds for everything that blobs can be read from, stores that take none included. */
public abstract class BlobReaderContract {
  /** Names that no store may take, each with what is wrong with it. */
  protected static final List<String> HOSTILE_LOCATIONS =
      List.of(
          "",
          ".",
          "..",
          "/",
          "//",
          "./a",
          "../a",
          "a/.",
          "a/..",
          "a/./b",
          "a/../b",
          "a/../../b",
          "a//b",
          "a/",
          "a//",
          "../../../../../../etc/passwd",
          "images/../../../etc/shadow",
          "/etc/passwd",
          "//etc/passwd",
          "/../etc/passwd",
          "/proc/self/environ",
          ".staging",
          ".staging/x",
          ".hidden",
          "a/.hidden",
          "a/.hidden/b",
          "...",
          ".../x",
          "a\\b",
          "..\\..\\etc\\passwd",
          "C:\\x",
          "\\\\server\\share",
          "a\0b",
          "a\0",
          "a\nb",
          "a\rb",
          "a\tb",
          "a\u001b[31mb",
          "a\u007fb",
          "a\u0085b",
          "a\u2028b",
          "a\u202eb",
          "a\u200bb",
          "a\ufeffb",
          "\ud800",
          "a\udc00b",
          "x".repeat(256),
          "ä".repeat(128),
          "a/" + "x".repeat(256) + "/b",
          "a/".repeat(512) + "b",
          "x/".repeat(100_000) + "x");

  /** A few bytes more than the buffers on the way. */
  protected static final int LARGE = 3 * 1024 * 1024 + 17;

  /** What is under test. */
  protected abstract BlobReader reader();

  /** Makes a blob of these bytes that can be read; its location. */
  protected abstract String provide(byte[] content) throws IOException;

  /** A well-formed location where nothing is. */
  protected String absentLocation() {
    return digest("absent").location();
  }

  @Test
  void theSizeOfABlobIsKnownWithoutReadingIt() throws IOException {
    String location = provide(content(LARGE, 40));

    assertThat(reader().stat(location)).map(BlobStat::sizeBytes).contains((long) LARGE);
  }

  @Test
  void anEmptyBlobIsABlob() throws IOException {
    String location = provide(new byte[0]);

    assertThat(reader().stat(location)).map(BlobStat::sizeBytes).contains(0L);
    assertThat(read(location, 0)).isEmpty();
    assertThat(read(location, 1)).isEmpty();
  }

  @Test
  void readingBeginsAtTheOffset() throws IOException {
    byte[] content = content(LARGE, 6);
    String location = provide(content);

    for (int offset : new int[] {0, 1, 4095, 65_536, LARGE - 1, LARGE}) {
      byte[] expected = Arrays.copyOfRange(content, offset, LARGE);
      assertThat(read(location, offset)).as("from %d on", offset).isEqualTo(expected);
    }
    assertThat(read(location, LARGE + 10L)).as("beyond the end").isEmpty();
    assertThatIllegalArgumentException().isThrownBy(() -> reader().open(location, -1));
  }

  @Test
  void aRangeHasWhatWasAskedForUpToTheEndOfTheBlob() throws IOException {
    byte[] content = content(LARGE, 41);
    String location = provide(content);

    for (int offset : new int[] {0, 1, 70_000, LARGE - 10}) {
      for (int length : new int[] {0, 1, 10, 100_000}) {
        byte[] expected = Arrays.copyOfRange(content, offset, Math.min(LARGE, offset + length));
        assertThat(readRange(location, offset, length))
            .as("%d bytes from %d on", length, offset)
            .isEqualTo(expected);
      }
    }
    assertThat(readRange(location, LARGE + 5, 10)).as("beyond the end").isEmpty();
  }

  @Test
  void aChannelThatIsClosedEarlyHarmsNoOther() throws IOException {
    byte[] content = content(LARGE, 42);
    String location = provide(content);

    for (int i = 0; i < 10; i++) {
      try (ReadableByteChannel channel = reader().open(location, i)) {
        assertThat(channel.read(ByteBuffer.allocate(10))).isPositive();
      }
    }
    assertThat(read(location, 0)).isEqualTo(content);
  }

  @Test
  void whatIsNotThereIsAbsentForEveryWayToLook() throws IOException {
    String location = absentLocation();

    assertThat(reader().stat(location)).isEmpty();
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> reader().open(location, 0));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> reader().open(location, 7));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> reader().localFile(location));
  }

  @Test
  void aFileOnThisHostHasTheBlobsBytes() throws IOException {
    byte[] content = content(1000, 43);

    Optional<Path> local = reader().localFile(provide(content));

    if (local.isPresent()) {
      assertThat(local.get()).hasBinaryContent(content);
    }
  }

  /** Bytes that look like chance and are the same for the same seed. */
  protected static byte[] content(int size, long seed) {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return content;
  }

  /** The digest of these bytes. */
  protected static Sha256 digest(byte[] content) {
    MessageDigest sha256 = Hashing.newSha256();
    sha256.update(content);
    return Hashing.finish(sha256);
  }

  /** The digest of this text. */
  protected static Sha256 digest(String content) {
    return digest(content.getBytes(UTF_8));
  }

  /** All bytes from an offset on. */
  protected final byte[] read(String location, long offset) throws IOException {
    try (ReadableByteChannel channel = reader().open(location, offset)) {
      return drain(channel);
    }
  }

  /** All that comes from a channel. */
  protected static byte[] drain(ReadableByteChannel channel) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Channels.newInputStream(channel).transferTo(all);
    return all.toByteArray();
  }

  /** No more than a length, as whoever asks for one has to read it. */
  private byte[] readRange(String location, long offset, int length) throws IOException {
    ByteBuffer range = ByteBuffer.allocate(length);
    try (ReadableByteChannel channel = reader().open(location, offset, length)) {
      while (range.hasRemaining() && channel.read(range) >= 0) {
        // until it is full or there is no more
      }
    }
    return Arrays.copyOf(range.array(), range.position());
  }
}
