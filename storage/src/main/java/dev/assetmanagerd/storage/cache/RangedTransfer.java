package dev.assetmanagerd.storage.cache;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One try to get what a file lacks of a blob from one source.
 *
 * <p>When the source has begun to give the first range, a few come in at a time, each written at
 * its place. The thread that runs the transfer reads them back in their order as they become
 * complete, and hashes what it reads: so the digest is that of the bytes in the file, hashing goes
 * on beside the transfer, and the bytes read back are in the page cache still, for no more than a
 * few ranges are ahead of it.
 *
 * <p>A range that is cut is gone on with where it was cut, a few times. For one use.
 */
final class RangedTransfer {
  private static final Logger log = LoggerFactory.getLogger(RangedTransfer.class);
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int MAX_TRIES = 3;

  private final BlobSource source;
  private final PartialBlob partial;
  private final long sizeBytes;
  private final FileChannel file;
  private final ExecutorService threads;
  private final BlobCacheOptions options;
  private final CacheCounters counters;
  private final LongSupplier nanoClock;
  private final LongAdder received = new LongAdder();
  private final Set<ReadableByteChannel> open = ConcurrentHashMap.newKeySet();

  /** Completes when the first range begins to come, or fails with it. */
  private final CompletableFuture<Boolean> answered = new CompletableFuture<>();

  private volatile boolean abandoned;

  /**
   * @param partial what there is already; has the rest, in so far as it came, afterwards
   * @param file of it, to write to and read from; whoever calls closes it, which ends all writes
   * @param threads that ranges are read on
   */
  RangedTransfer(
      BlobSource source,
      PartialBlob partial,
      FileChannel file,
      ExecutorService threads,
      BlobCacheOptions options,
      CacheCounters counters,
      LongSupplier nanoClock) {
    this.source = source;
    this.partial = partial;
    this.sizeBytes = partial.sizeBytes();
    this.file = file;
    this.threads = threads;
    this.options = options;
    this.counters = counters;
    this.nanoClock = nanoClock;
  }

  private record Range(long start, long end, Future<?> done) {}

  /**
   * Transfers all bytes that are not there yet.
   *
   * @param deadlineNanos when to give up, by the clock
   * @throws CacheDiskException when it is the file that failed
   * @throws InterruptedIOException when the deadline has passed
   * @throws IOException when it is the source
   */
  void run(long deadlineNanos) throws IOException, InterruptedException {
    Deque<Range> running = new ArrayDeque<>();
    try {
      long next = partial.position();
      while (next < sizeBytes || !running.isEmpty()) {
        int atATime = answered.isDone() ? options.rangesAtATime() : 1;
        while (next < sizeBytes && running.size() < atATime) {
          Range range = begin(next, Math.min(sizeBytes, next + options.rangeBytes()));
          running.add(range);
          next = range.end();
        }
        if (!answered.isDone()) {
          await(answered, deadlineNanos);
        } else {
          await(running.getFirst().done(), deadlineNanos);
          hash(running.removeFirst());
        }
      }
    } finally {
      abandon(running);
    }
  }

  private Range begin(long start, long end) throws IOException {
    try {
      return new Range(
          start,
          end,
          threads.submit(
              () -> {
                try {
                  fetch(start, end);
                } catch (IOException | RuntimeException | Error e) {
                  answered.completeExceptionally(e);
                  throw e;
                }
                return null;
              }));
    } catch (RejectedExecutionException e) {
      throw new IOException("all threads for downloads wait for sources that do not answer", e);
    }
  }

  private void await(Future<?> event, long deadlineNanos) throws IOException, InterruptedException {
    long seen = received.sum();
    long stalledAt = nanoClock.getAsLong() + options.stallTimeout().toNanos();
    while (true) {
      long now = nanoClock.getAsLong();
      if (received.sum() != seen) {
        seen = received.sum();
        stalledAt = now + options.stallTimeout().toNanos();
      }
      if (deadlineNanos - now <= 0) {
        throw new InterruptedIOException(
            "not fetched in time: " + seen + " of " + sizeBytes + " bytes came");
      }
      if (stalledAt - now <= 0) {
        throw new IOException("gave nothing for " + options.stallTimeout().toMillis() + " ms");
      }
      try {
        var unused =
            event.get(Math.min(stalledAt - now, deadlineNanos - now), TimeUnit.NANOSECONDS);
        return;
      } catch (TimeoutException e) {
        log.trace("{}: {} bytes so far", source.name(), seen);
      } catch (ExecutionException e) {
        throw failure(e.getCause());
      }
    }
  }

  private static IOException failure(@Nullable Throwable cause) {
    if (cause instanceof IOException io) {
      return io;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return new IOException("reading failed: " + cause, cause);
  }

  private void fetch(long start, long end) throws IOException {
    long at = start;
    for (int attempt = 1; at < end; attempt++) {
      long before = at;
      IOException failure = null;
      try (ReadableByteChannel in = source.open(at, end - at)) {
        open.add(in);
        try {
          at = copy(in, at, end);
        } finally {
          open.remove(in);
        }
      } catch (NoSuchFileException | CacheDiskException e) {
        throw e;
      } catch (Cut e) {
        at = e.at;
        failure = e.reason;
      } catch (IOException e) {
        failure = e;
      }
      if (at < end && (attempt == MAX_TRIES || abandoned)) {
        throw failure == null
            ? new EOFException("ended at byte " + at + " of " + sizeBytes)
            : failure;
      }
      log.debug("{}: bytes {} to {} of {}", source.name(), before, at, end);
    }
  }

  /** The source failed on the way; what came before that is kept. */
  private static final class Cut extends IOException {
    private static final long serialVersionUID = 1L;

    final long at;
    final transient IOException reason;

    Cut(long at, IOException reason) {
      super(reason);
      this.at = at;
      this.reason = reason;
    }
  }

  private long copy(ReadableByteChannel in, long from, long end) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, end - from));
    long at = from;
    while (at < end) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), end - at));
      int n;
      try {
        n = in.read(buffer);
      } catch (IOException e) {
        throw new Cut(at, e);
      }
      if (n < 0) {
        return at;
      }
      if (abandoned) {
        throw new IOException("abandoned");
      }
      received.add(n);
      answered.complete(true);
      counters.received(source.name(), n);
      write(buffer.flip(), at);
      at += n;
    }
    return at;
  }

  private void write(ByteBuffer buffer, long at) throws CacheDiskException {
    try {
      long position = at;
      while (buffer.hasRemaining()) {
        position += file.write(buffer, position);
      }
    } catch (IOException e) {
      throw new CacheDiskException("cannot write to the cache", e);
    }
  }

  private void hash(Range range) throws CacheDiskException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try {
      for (long at = range.start(); at < range.end(); ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), range.end() - at));
        int n = file.read(buffer, at);
        if (n <= 0) {
          throw new EOFException("the file ends at byte " + at);
        }
        partial.digest(buffer.flip());
        at += n;
      }
    } catch (IOException e) {
      throw new CacheDiskException("cannot read back what was written to the cache", e);
    }
  }

  private void abandon(Deque<Range> running) {
    abandoned = true;
    running.forEach(range -> range.done().cancel(true));
    for (ReadableByteChannel channel : open) {
      try {
        channel.close();
      } catch (IOException e) {
        log.debug("closing {}: {}", source.name(), e.toString());
      }
    }
  }
}
