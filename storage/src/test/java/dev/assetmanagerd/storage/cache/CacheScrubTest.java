package dev.assetmanagerd.storage.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.scrub.CacheScrub;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubRate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheScrubTest {
  private static final int SIZE = 300_000;

  private final byte[] first = CacheFixture.content(1, SIZE);
  private final byte[] second = CacheFixture.content(2, SIZE);
  private final ScrubCounters counters = new ScrubCounters();
  private final ScrubRate rate = ScrubRate.of(1L << 40);
  private final List<Sha256> asked = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  private CacheFixture fixture;

  @BeforeEach
  void fill(@TempDir Path directory) throws IOException {
    fixture = new CacheFixture(directory, 3 * SIZE);
    fixture.fill(first);
    fixture.fill(second);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void whatIsRightStaysAndIsCounted() throws IOException {
    scrub(digest -> false).run();

    assertThat(counters.blobs()).isEqualTo(2);
    assertThat(counters.bytes()).isEqualTo(2L * SIZE);
    assertThat(counters.corrupt()).isZero();
    assertThat(counters.rounds()).isEqualTo(1);
    assertThat(fixture.quarantined()).isEmpty();
    assertThat(asked).isEmpty();
  }

  @Test
  void bytesThatHaveRottenUnderAnUnchangedTimeAreFoundAndFetchedAgain() throws IOException {
    rot(first);

    scrub(
            digest -> {
              fixture.fill(first);
              return true;
            })
        .run();

    assertThat(asked).containsExactly(CacheFixture.digest(first));
    assertThat(counters.corrupt()).isEqualTo(1);
    assertThat(counters.repaired()).isEqualTo(1);
    assertThat(fixture.quarantined()).hasSize(1);
    assertThat(fixture.file(first)).hasBinaryContent(first);
    assertThat(fixture.file(second)).hasBinaryContent(second);
  }

  @Test
  void whatCannotBeFetchedAgainIsGoneUntilSomebodyAsksForIt() throws IOException {
    rot(first);

    scrub(
            digest -> {
              throw new IOException("no source");
            })
        .run();

    assertThat(counters.repaired()).isZero();
    assertThat(fixture.file(first)).doesNotExist();
    try (LocalBlob held = fixture.hold(first, TestSource.good(first))) {
      assertThat(held.path()).hasBinaryContent(first);
    }
  }

  @Test
  void scrubbingIsNoUseOfAFileAndKeepsNoneFromBeingEvicted() throws IOException {
    scrub(digest -> false).run();

    byte[] large = CacheFixture.content(3, 2 * SIZE);
    fixture.fill(large);

    assertThat(fixture.file(first)).as("the one least recently used").doesNotExist();
    assertThat(fixture.file(second)).exists();
  }

  @Test
  void aScrubStopsWhenItsRateIsClosed() {
    rate.close();

    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(() -> scrub(digest -> false).run());
    assertThat(counters.rounds()).isZero();
  }

  private CacheScrub scrub(CacheScrub.Refetch refetch) {
    return new CacheScrub(
        fixture.cache,
        digest -> {
          asked.add(digest);
          return refetch.fetch(digest);
        },
        rate,
        counters,
        Clock.systemUTC(),
        Duration.ofDays(7));
  }

  /** As a disk does: the file's time stays what it was. */
  private void rot(byte[] content) throws IOException {
    Path file = fixture.file(content);
    FileTime time = Files.getLastModifiedTime(file);
    byte[] bytes = content.clone();
    bytes[SIZE / 2] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, time);
  }
}
