package dev.assetmanagerd.storage.cache;

import static dev.assetmanagerd.storage.cache.CacheFixture.LONG;
import static dev.assetmanagerd.storage.cache.CacheFixture.content;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.cache.TestSource.Manner;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the ranges of a blob are got from its sources. */
class DownloadTest {
  private static final int RANGE = 64 * 1024;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  @TempDir private Path temp;

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void aSourceIsAskedForMoreRangesOnlyWhenItHasBegunToGiveTheFirst() throws Exception {
    byte[] content = content(1, 10 * RANGE);
    TestSource lacking = new TestSource("lacking", Manner.LACKING, content);
    TestSource slow = new TestSource("slow", Manner.DEAF, content);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20, 1, 1, LONG, LONG)) {
      Future<LocalBlob> held = threads.submit(() -> fixture.hold(content, lacking, slow));
      await().until(() -> slow.opened.get() > 0);
      assertThat(lacking.opened).hasValue(1);
      assertThat(slow.opened).hasValue(1);

      slow.letGo.countDown();
      held.get(30, TimeUnit.SECONDS).close();
      assertThat(slow.opened).hasValue(10);
    }
  }

  @Test
  void theNextSourceGoesOnWhereOneHasNoMoreForNow() throws Exception {
    byte[] content = content(2, 10 * RANGE);
    Part begins = new Part(content, 6 * RANGE);
    Part ends = new Part(content, content.length);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      try (LocalBlob blob = fixture.hold(content, begins, ends)) {
        assertThat(blob.path()).hasBinaryContent(content);
      }
      assertThat(ends.offsets)
          .as("what the first has given is kept")
          .containsExactlyInAnyOrder(6L * RANGE, 7L * RANGE, 8L * RANGE, 9L * RANGE);
      assertThat(fixture.leftovers()).isEmpty();
    }
  }

  @Test
  void aSourceBeginsAnewWhereItWentOnWithTheWrongBytesOfAnother() throws Exception {
    byte[] content = content(3, 10 * RANGE);
    byte[] other = content(4, 10 * RANGE);
    Part lies = new Part(other, 6 * RANGE);
    Part right = new Part(content, content.length);
    try (CacheFixture fixture = new CacheFixture(temp, 4 << 20)) {
      try (LocalBlob blob = fixture.hold(content, lies, right)) {
        assertThat(blob.path()).hasBinaryContent(content);
      }
      assertThat(right.offsets.get(0)).as("it went on").isPositive();
      assertThat(right.offsets).as("and began anew").contains(0L);
      assertThat(fixture.leftovers()).isEmpty();

      byte[] third = content(5, 10 * RANGE);
      assertThatExceptionOfType(WrongBytesException.class)
          .isThrownBy(() -> fixture.hold(third, lies, new Part(content, content.length)));
    }
  }

  /** Has only the bytes before some place. */
  private static final class Part implements BlobSource {
    final List<Long> offsets = new CopyOnWriteArrayList<>();
    private final TestSource source;
    private final long end;

    Part(byte[] content, long end) {
      this.source = TestSource.good(content);
      this.end = end;
    }

    @Override
    public String name() {
      return "part";
    }

    @Override
    public ReadableByteChannel open(long offset, long length) throws IOException {
      offsets.add(offset);
      if (offset >= end) {
        throw new NoSuchFileException("nothing from byte " + end + " on");
      }
      return source.open(offset, length);
    }
  }
}
