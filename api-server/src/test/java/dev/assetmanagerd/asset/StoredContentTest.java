package dev.assetmanagerd.asset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.Sha256;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StoredContentTest {
  private static final BlobStat STAT = new BlobStat("file", 100, Instant.EPOCH);

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final SlowToClose store = new SlowToClose();
  private final StoredContent content = new StoredContent(Optional.empty(), new CallReads(threads));

  @AfterEach
  void stop() {
    store.mayClose.countDown();
    threads.shutdownNow();
  }

  @Test
  void whoCancelsACallDoesNotWaitForItsFileToBeClosed() {
    Context.CancellableContext call = Context.ROOT.withCancellation();
    Future<Sha256> found = threads.submit(call.wrap(() -> digest(Duration.ofSeconds(30))));
    store.reading.orTimeout(20, TimeUnit.SECONDS).join();

    // On this thread, as the thread does it that has all connections.
    assertThat(call.cancel(null)).isTrue();

    assertThat(store.closing.orTimeout(20, TimeUnit.SECONDS).join())
        .isNotSameAs(Thread.currentThread());
    assertThat(store.mayClose.getCount()).as("the file cannot be closed yet").isEqualTo(1);
    assertThat(found.isDone()).isFalse();
    store.mayClose.countDown();
    assertThatThrownBy(() -> found.get(20, TimeUnit.SECONDS)).hasMessageContaining("CANCELLED");
  }

  private Sha256 digest(Duration atMost) throws IOException {
    return content.digest(
        StorageBackend.STORAGE_BACKEND_NFS,
        store,
        STAT,
        Deadline.after(atMost.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** Its only file gives no byte, and takes its time to be closed. */
  private static final class SlowToClose implements BlobReader {
    final CompletableFuture<Void> reading = new CompletableFuture<>();
    final CompletableFuture<Thread> closing = new CompletableFuture<>();
    final CompletableFuture<Void> closed = new CompletableFuture<>();
    final CountDownLatch mayClose = new CountDownLatch(1);

    @Override
    public Optional<BlobStat> stat(String location) {
      return Optional.of(STAT);
    }

    @Override
    public ReadableByteChannel open(String location, long offset) {
      return new ReadableByteChannel() {
        @Override
        public int read(ByteBuffer target) throws IOException {
          reading.complete(null);
          closed.orTimeout(30, TimeUnit.SECONDS).join();
          throw new AsynchronousCloseException();
        }

        @Override
        public boolean isOpen() {
          return !closed.isDone();
        }

        @Override
        public void close() throws IOException {
          closing.complete(Thread.currentThread());
          try {
            assertThat(mayClose.await(30, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          closed.complete(null);
        }
      };
    }

    @Override
    public Optional<Path> localFile(String location) {
      return Optional.empty();
    }
  }
}
