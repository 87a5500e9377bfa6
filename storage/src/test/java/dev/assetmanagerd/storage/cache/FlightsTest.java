package dev.assetmanagerd.storage.cache;

import static dev.assetmanagerd.storage.cache.CacheFixture.LONG;
import static dev.assetmanagerd.storage.cache.CacheFixture.content;
import static dev.assetmanagerd.storage.cache.CacheFixture.wanted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.cache.TestSource.Manner;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many who want one blob, who come late, give up, or come again. */
class FlightsTest {
  private static final int MIB = 1 << 20;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  @TempDir private Path temp;

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void whoWaitsInLineIsToldAtOnceThatTheCacheCloses() throws Exception {
    byte[] running = content(1, 1000);
    byte[] waiting = content(2, 1000);
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB, 1, 8, LONG, LONG)) {
      TestSource slow = new TestSource("slow", Manner.STALLING, running);
      TestSource unused = TestSource.good(waiting);
      Future<LocalBlob> first = threads.submit(() -> fixture.hold(running, slow));
      await().until(() -> fixture.cache.counters().runningFetches() == 1);
      Future<LocalBlob> second = threads.submit(() -> fixture.hold(waiting, unused));
      await().until(() -> fixture.isAskedFor(waiting));

      fixture.cache.close();

      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> first.get(10, TimeUnit.SECONDS))
          .withMessageContaining("the cache is closed");
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> second.get(10, TimeUnit.SECONDS))
          .withMessageContaining("the cache is closed");
      assertThatExceptionOfType(InterruptedIOException.class)
          .isThrownBy(() -> fixture.hold(waiting, unused))
          .withMessageContaining("the cache is closed");
    }
  }

  @Test
  void whoGaveUpAndComesAgainAtOnceFindsTheRoomOfItsFirstTry() throws Exception {
    byte[] content = content(3, 3 * MIB);
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB, 4, 64, LONG, LONG)) {
      for (int i = 0; i < 100; i++) {
        TestSource stalling = new TestSource("slow", Manner.STALLING, content);
        assertThatExceptionOfType(InterruptedIOException.class)
            .as("try %d", i)
            .isThrownBy(() -> fixture.cache.hold(wanted(content, stalling), Duration.ofMillis(3)));
      }
      byte[] other = content(4, 3 * MIB);
      fixture.fill(other);
      assertThat(fixture.cache.counters().refused()).isZero();
    }
  }

  @Test
  void whoCameLateGetsAFetchOfItsOwnWhenTheOneOfOthersFails() throws Exception {
    byte[] content = content(5, MIB);
    Recovering source = new Recovering(content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 * MIB, 1, 4, LONG, LONG)) {
      Future<LocalBlob> first = threads.submit(() -> fixture.hold(content, source));
      await().until(() -> source.opened.get() == 1);
      Future<LocalBlob> late = threads.submit(() -> fixture.hold(content, source));
      await().until(() -> fixture.cache.counters().joins() == 1);

      source.letFail.countDown();

      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> first.get(10, TimeUnit.SECONDS))
          .withMessageContaining("not yet");
      try (LocalBlob blob = late.get(10, TimeUnit.SECONDS)) {
        assertThat(blob.path()).hasBinaryContent(content);
      }
      assertThat(fixture.cache.counters().fetches()).isEqualTo(2);
    }
  }

  @Test
  void aSourceThatIsBroughtWhenTheOthersAreUsedUpIsTriedAllTheSame() throws Exception {
    byte[] content = content(6, 1000);
    Flight flight = new Flight(CacheFixture.digest(content), 1000, contentsOfNothing());
    TestSource good = TestSource.good(content);

    assertThat(flight.join(List.of())).isTrue();
    assertThat(flight.source(0)).isEmpty();
    assertThat(flight.join(List.of(good))).as("joins what does not ask its source").isFalse();

    try (CacheFixture fixture = new CacheFixture(temp.resolve("cache"), 4 * MIB)) {
      assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> fixture.hold(content));
      fixture.hold(content, good).close();
    }
  }

  private CacheContents contentsOfNothing() throws Exception {
    CacheFiles files = CacheFiles.open(temp.resolve("nothing"));
    return new CacheContents(
        files, 1, new Quarantine(files), Clock.systemUTC(), new CacheCounters());
  }

  /** Fails as often as it is tried in one fetch, and is well afterwards. */
  private static final class Recovering implements BlobSource {
    private static final int FAILURES = 3;

    final AtomicInteger opened = new AtomicInteger();
    final CountDownLatch letFail = new CountDownLatch(1);
    private final TestSource good;

    Recovering(byte[] content) {
      this.good = TestSource.good(content);
    }

    @Override
    public String name() {
      return "recovering";
    }

    @Override
    public ReadableByteChannel open(long offset, long length) throws IOException {
      if (opened.incrementAndGet() > FAILURES) {
        return good.open(offset, length);
      }
      try {
        assertThat(letFail.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new ClosedByInterruptException();
      }
      throw new IOException("not yet");
    }
  }
}
