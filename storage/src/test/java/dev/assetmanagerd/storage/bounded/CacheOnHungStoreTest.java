package dev.assetmanagerd.storage.bounded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.cache.PinnedBlobs;
import dev.assetmanagerd.storage.cache.WantedBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cache whose store hangs in a read for far longer than anybody waits. */
@Timeout(60)
class CacheOnHungStoreTest {
  private static final Duration SOON = Duration.ofSeconds(8);

  private final HungFile hung = new HungFile();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  @TempDir private Path temp;

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void neitherAFetchThatIsGivenUpNorClosingWaitsForTheStore() throws Exception {
    SharedDirectoryBlobStore directory = SharedDirectoryBlobStore.open(temp.resolve("blobs"), "n1");
    try (BoundedSteps steps =
        new BoundedSteps("store X", 4, Duration.ofMinutes(5), System::nanoTime)) {
      BoundedBlobStore store =
          new BoundedBlobStore(
              new ForwardingStore(directory) {
                @Override
                public ReadableByteChannel open(String location, long offset) {
                  return new HungChannel();
                }
              },
              directory.parts(),
              steps);
      BlobCache cache = open();
      try {
        Future<LocalBlob> held =
            threads.submit(() -> cache.hold(wanted(store), Duration.ofMinutes(5)));
        await().atMost(SOON).until(() -> hung.inside() == 1);

        held.cancel(true);

        await().atMost(SOON).until(() -> cache.counters().runningFetches() == 0);
        assertThat(hung.inside()).as("reads that still hang").isEqualTo(1);
      } finally {
        long before = System.nanoTime();
        cache.close();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(SOON);
        hung.free();
      }
    }
  }

  private BlobCache open() throws IOException {
    return BlobCache.open(
        BlobCacheOptions.of(temp.resolve("cache"), 1 << 20, 1, Duration.ofMinutes(5)),
        PinnedBlobs.NONE,
        Clock.systemUTC());
  }

  private static WantedBlob wanted(BoundedBlobStore store) {
    Sha256 digest = new Sha256("ab".repeat(32));
    BlobSource source =
        new BlobSource() {
          @Override
          public String name() {
            return "store";
          }

          @Override
          public ReadableByteChannel open(long offset, long length) throws IOException {
            return store.open(digest.location(), offset);
          }
        };
    return new WantedBlob(digest, 1000, List.of(source));
  }

  private final class HungChannel implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer target) throws IOException {
      hung.hang();
      return -1;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
