package dev.assetmanagerd.storage.cache;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All fetches, those that run and those that wait for their turn: one per blob, however many ask.
 * Thread-safe.
 */
final class Flights implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Flights.class);
  private static final long STOP_SECONDS = 10;

  private final Fetcher fetcher;
  private final CacheContents contents;
  private final CacheCounters counters;
  private final BlobCacheOptions options;
  private final LongSupplier nanoClock;
  private final ThreadPoolExecutor threads;

  @GuardedBy("this")
  private final Map<Sha256, Flight> flights = new HashMap<>();

  Flights(
      Fetcher fetcher,
      CacheContents contents,
      CacheCounters counters,
      BlobCacheOptions options,
      LongSupplier nanoClock) {
    this.fetcher = fetcher;
    this.contents = contents;
    this.counters = counters;
    this.options = options;
    this.nanoClock = nanoClock;
    this.threads =
        CacheThreads.pool(
            "cache-fetch", options.concurrency(), new ArrayBlockingQueue<>(options.maxWaiting()));
  }

  /** Where a caller sits, and whether nobody sat there before. */
  private record Seat(Flight flight, boolean first) {}

  /**
   * Has a blob fetched, or waits for who does.
   *
   * @param timeout of this caller
   * @return held by the caller
   */
  CacheEntry fetch(WantedBlob wanted, Duration timeout) throws IOException {
    long deadline = nanoClock.getAsLong() + timeout.toNanos();
    Seat seat = join(wanted);
    try {
      return await(seat.flight(), deadline);
    } catch (ExecutionException e) {
      if (seat.first() || !isWorthAnother(e.getCause()) || left(deadline) == 0) {
        throw failure(e);
      }
      log.debug("{}: begun again for those who came late", wanted.digest());
    }
    try {
      return await(join(wanted).flight(), deadline);
    } catch (ExecutionException e) {
      throw failure(e);
    }
  }

  /**
   * Whether a fetch that somebody else had begun, with sources and a time of its own, may have
   * failed for reasons that are over by now.
   */
  private static boolean isWorthAnother(@Nullable Throwable failure) {
    return !(failure instanceof CacheFullException || failure instanceof WrongBytesException);
  }

  private long left(long deadlineNanos) {
    return Math.max(0, deadlineNanos - nanoClock.getAsLong());
  }

  private synchronized Seat join(WantedBlob wanted) throws IOException {
    Flight running = flights.get(wanted.digest());
    if (running != null && running.join(wanted.sources())) {
      counters.joined();
      return new Seat(running, false);
    }
    if (threads.isShutdown()) {
      throw closed();
    }
    Flight flight = new Flight(wanted.digest(), wanted.sizeBytes(), contents);
    flight.join(wanted.sources());
    FutureTask<?> task = new FutureTask<>(() -> run(flight), true);
    flight.runsAs(task);
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      counters.refusal();
      throw new CacheBusyException(
          options.concurrency()
              + " blobs are being fetched and "
              + options.maxWaiting()
              + " more wait for it; this one is not taken");
    }
    flights.put(wanted.digest(), flight);
    return new Seat(flight, true);
  }

  private void run(Flight flight) {
    try {
      flight.land(fetcher.run(flight));
    } catch (InterruptedException e) {
      flight.fail(closed());
    } catch (CacheFullException e) {
      if (!flight.isOver()) {
        counters.refusal();
      }
      flight.fail(e);
    } catch (IOException | RuntimeException | Error e) {
      flight.fail(e);
    } finally {
      remove(flight);
    }
  }

  private synchronized void remove(Flight flight) {
    flights.remove(flight.digest, flight);
  }

  private static InterruptedIOException closed() {
    return new InterruptedIOException("the cache is closed");
  }

  private CacheEntry await(Flight flight, long deadlineNanos)
      throws IOException, ExecutionException {
    boolean landed = false;
    long nanos = left(deadlineNanos);
    try {
      CacheEntry entry = flight.landed().get(nanos, TimeUnit.NANOSECONDS);
      landed = true;
      return entry;
    } catch (TimeoutException e) {
      throw new InterruptedIOException(
          "the blob "
              + flight.digest
              + " was not here within "
              + TimeUnit.NANOSECONDS.toMillis(nanos)
              + " ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for " + flight.digest);
    } finally {
      if (!landed) {
        flight.leave().ifPresent(task -> end(flight, task));
      }
    }
  }

  /** What others see of a failure is not what one of them may add to it. */
  private static IOException failure(ExecutionException e) {
    Throwable cause = e.getCause();
    if (cause instanceof CacheFullException full) {
      return new CacheFullException(full.reason(), String.valueOf(full.getMessage()), full);
    }
    if (cause instanceof NoSuchFileException missing) {
      return new NoSuchFileException(missing.getFile());
    }
    if (cause instanceof WrongBytesException wrong) {
      return new WrongBytesException(String.valueOf(wrong.getMessage()));
    }
    if (cause instanceof InterruptedIOException late) {
      return new InterruptedIOException(late.getMessage());
    }
    if (cause instanceof BlobStoreUnavailableException unavailable) {
      return unavailable;
    }
    return new IOException(cause == null ? e.toString() : cause.getMessage(), cause);
  }

  private void end(Flight flight, Future<?> task) {
    synchronized (this) {
      // Who asks next finds its place in the line free.
      if (task instanceof Runnable waiting) {
        threads.remove(waiting);
      }
      flights.remove(flight.digest, flight);
    }
    task.cancel(true);
  }

  /** Ends all fetches; those who wait are told at once. */
  @Override
  public void close() {
    var unused = threads.shutdownNow();
    List<Flight> left;
    synchronized (this) {
      left = new ArrayList<>(flights.values());
    }
    left.forEach(flight -> flight.fail(closed()));
    try {
      if (!threads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        log.warn("fetches into the cache are still running");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
