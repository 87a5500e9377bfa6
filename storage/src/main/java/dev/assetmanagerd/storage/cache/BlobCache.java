package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of blobs on a local disk.
 *
 * <p>However many ask for a blob, it is fetched once, from the first of its sources that gives the
 * right bytes; a file becomes visible when its size and its digest were verified and it is on the
 * disk. The cache never grows beyond its limit: room is reserved before a fetch begins, and the
 * least recently used files go for it, though never one that is held or pinned. It keeps its files
 * over restarts. A file that was changed since it was verified is verified again before anybody
 * gets it, and set aside when it is wrong.
 *
 * <p>Evicting a file that jails have hard links to unlinks it here; their links, and the space on
 * the disk, stay until they go.
 *
 * <p>Thread-safe; blocks for I/O.
 */
public final class BlobCache implements LocalBlobs, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BlobCache.class);
  private static final Duration KEEPING_INTERVAL = Duration.ofSeconds(10);
  private static final int IDLE_THREAD_SECONDS = 30;
  private static final long STOP_SECONDS = 10;

  private final BlobCacheOptions options;
  private final CacheFiles files;
  private final CacheCounters counters = new CacheCounters();
  private final CacheContents contents;
  private final Fetcher fetcher;
  private final ThreadPoolExecutor fetches;
  private final ThreadPoolExecutor ranges;
  private final ScheduledExecutorService keeper;
  private final Map<Sha256, Flight> flights = new HashMap<>();

  private BlobCache(
      BlobCacheOptions options,
      CacheFiles files,
      PinnedBlobs pinned,
      InstantSource clock,
      LongSupplier nanoClock)
      throws IOException {
    this.options = options;
    this.files = files;
    this.contents = new CacheContents(files, options.maxBytes(), pinned, clock, counters);
    int streams = options.concurrency() * options.rangesAtATime();
    this.fetches =
        pool("cache-fetch", options.concurrency(), new ArrayBlockingQueue<>(options.maxWaiting()));
    // Threads that wait for a source that was given up free themselves when it answers, or is cut.
    this.ranges = pool("cache-range", 2 * streams, new ArrayBlockingQueue<>(2 * streams));
    this.fetcher = new Fetcher(files, contents, options, counters, ranges, nanoClock);
    this.keeper = Executors.newSingleThreadScheduledExecutor(named("cache-keeper"));
    var unused =
        keeper.scheduleWithFixedDelay(
            this::keep,
            KEEPING_INTERVAL.toMillis(),
            KEEPING_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /**
   * Opens a cache with what is in its directory.
   *
   * @param pinned what must not be evicted, asked outside of all locks
   * @param clock wall time, for the order of last uses over restarts
   * @throws BlobStoreUnavailableException when the directory cannot be used, or is in use
   */
  public static BlobCache open(BlobCacheOptions options, PinnedBlobs pinned, InstantSource clock)
      throws BlobStoreUnavailableException {
    CacheFiles files = CacheFiles.open(options.directory());
    try {
      return new BlobCache(options, files, pinned, clock, System::nanoTime);
    } catch (IOException e) {
      files.close();
      throw new BlobStoreUnavailableException(options.directory(), e.toString(), e);
    }
  }

  @Override
  public LocalBlob hold(WantedBlob wanted, Duration timeout) throws IOException {
    Optional<CacheEntry> hit = contents.holdVerified(wanted.digest(), true);
    if (hit.isPresent()) {
      counters.hit();
      return checked(hit.get(), wanted.sizeBytes());
    }
    Flight flight = join(wanted);
    return checked(await(flight, timeout), wanted.sizeBytes());
  }

  @Override
  public Optional<LocalBlob> holdCached(Sha256 digest, long sizeBytes) throws IOException {
    Optional<CacheEntry> hit = contents.holdVerified(digest, true);
    if (hit.isEmpty()) {
      return Optional.empty();
    }
    counters.hit();
    return Optional.of(checked(hit.get(), sizeBytes));
  }

  private LocalBlob checked(CacheEntry held, long wantedBytes) throws WrongBytesException {
    if (held.sizeBytes != wantedBytes) {
      contents.release(held);
      throw new WrongBytesException(
          "the bytes of digest "
              + held.digest
              + " are "
              + held.sizeBytes
              + ", but "
              + wantedBytes
              + " are wanted");
    }
    return held(held);
  }

  private Flight join(WantedBlob wanted) throws CacheBusyException {
    synchronized (flights) {
      Flight running = flights.get(wanted.digest());
      if (running != null && running.join(wanted.sources())) {
        counters.joined();
        return running;
      }
      Flight flight = new Flight(wanted.digest(), wanted.sizeBytes(), contents);
      flight.join(wanted.sources());
      FutureTask<?> task = new FutureTask<>(() -> run(flight), true);
      flight.runsAs(task);
      try {
        fetches.execute(task);
      } catch (RejectedExecutionException e) {
        counters.refusal();
        throw new CacheBusyException(
            options.concurrency()
                + " blobs are being fetched and "
                + options.maxWaiting()
                + " more wait for it; this one is not taken");
      }
      flights.put(wanted.digest(), flight);
      return flight;
    }
  }

  private void run(Flight flight) {
    try {
      CacheEntry entry = fetcher.run(flight);
      flight.land(entry);
      contents.release(entry);
    } catch (InterruptedException e) {
      flight.fail(new InterruptedIOException("the cache is closed"));
    } catch (CacheFullException e) {
      counters.refusal();
      flight.fail(e);
    } catch (IOException | RuntimeException | Error e) {
      flight.fail(e);
    } finally {
      synchronized (flights) {
        flights.remove(flight.digest, flight);
      }
    }
  }

  private CacheEntry await(Flight flight, Duration timeout) throws IOException {
    boolean landed = false;
    try {
      CacheEntry entry = flight.landed().get(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
      landed = true;
      return entry;
    } catch (ExecutionException e) {
      throw failure(e);
    } catch (TimeoutException e) {
      throw new InterruptedIOException(
          "the blob " + flight.digest + " was not here within " + timeout.toMillis() + " ms");
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
    synchronized (flights) {
      flights.remove(flight.digest, flight);
    }
    task.cancel(true);
    if (task instanceof Runnable waiting) {
      fetches.remove(waiting);
    }
  }

  private LocalBlob held(CacheEntry entry) {
    Path path = files.path(entry.digest);
    AtomicBoolean closed = new AtomicBoolean();
    return new LocalBlob() {
      @Override
      public Path path() {
        return path;
      }

      @Override
      public void close() {
        if (closed.compareAndSet(false, true)) {
          contents.release(entry);
        }
      }
    };
  }

  /**
   * The file of a blob, where it is here and verified; nothing is fetched for it, and it does not
   * count as used.
   *
   * @param offset where to begin; from beyond the end there is nothing to read
   */
  public Optional<CachedBlob> openCached(Sha256 digest, long offset) throws IOException {
    Optional<CacheEntry> there = contents.holdVerified(digest, false);
    if (there.isEmpty()) {
      return Optional.empty();
    }
    LocalBlob held = held(there.get());
    try {
      FileChannel channel = files.openToRead(digest).position(offset);
      return Optional.of(new CachedBlob(there.get().sizeBytes, channel, held));
    } catch (NoSuchFileException e) {
      held.close();
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      held.close();
      throw e;
    }
  }

  @Override
  public Path stagingDirectory() {
    return files.partialDirectory();
  }

  @Override
  public boolean adopt(Path file, Sha256 digest, long sizeBytes) throws IOException {
    try {
      if (CacheFiles.sizeOf(file) != sizeBytes) {
        throw new IOException(
            file + " has " + CacheFiles.sizeOf(file) + " bytes and not " + sizeBytes);
      }
      contents.reserve(sizeBytes);
    } catch (CacheFullException e) {
      Files.deleteIfExists(file);
      return false;
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
    boolean published = false;
    try {
      files.seal(file);
      contents.release(contents.publish(file, digest, sizeBytes));
      published = true;
      return true;
    } finally {
      if (!published) {
        contents.unreserve(sizeBytes);
        files.discard(file);
      }
    }
  }

  /** Digests of all files in the cache, in no order. */
  public List<Sha256> digests() {
    return contents.digests();
  }

  @Override
  public boolean verify(Sha256 digest) throws IOException {
    long corrupt = counters.corrupt();
    Optional<CacheEntry> right = fetcher.verify(digest);
    right.ifPresent(contents::release);
    return right.isPresent() || counters.corrupt() == corrupt;
  }

  /** What came of reading a file of the cache again. */
  public enum Recheck {
    /** It has the bytes of its digest. */
    RIGHT,
    /** It had others, and is set aside. */
    WRONG,
    /** It is not there, or was evicted meanwhile. */
    GONE
  }

  /**
   * Reads a file again like {@link #verify}, slowly and in the background: the file does not count
   * as used, and may be evicted meanwhile.
   *
   * @param pace waits, told how many bytes were read since it was asked last
   */
  public Recheck recheck(Sha256 digest, LongConsumer pace) throws IOException {
    Optional<CacheEntry> there = contents.peek(digest);
    if (there.isEmpty()) {
      return Recheck.GONE;
    }
    CacheEntry entry = there.get();
    try (FileChannel file = files.openToRead(digest)) {
      long modified = files.modifiedNanos(digest, entry.sizeBytes);
      Hashing.Content expected = new Hashing.Content(entry.sizeBytes, digest);
      if (Hashing.sha256(file, pace).equals(expected) && modified != Long.MIN_VALUE) {
        contents.verified(entry, modified);
        return Recheck.RIGHT;
      }
      return contents.quarantine(entry) ? Recheck.WRONG : Recheck.GONE;
    } catch (NoSuchFileException e) {
      contents.lost(entry);
      return Recheck.GONE;
    }
  }

  /** What it has done since it was opened. */
  public CacheCounters counters() {
    return counters;
  }

  /** Bytes of the files in it. */
  public long bytesHeld() {
    return contents.bytesHeld();
  }

  /** Number of files in it. */
  public int filesHeld() {
    return contents.filesHeld();
  }

  /** Most bytes it may have. */
  public long maxBytes() {
    return options.maxBytes();
  }

  private void keep() {
    try {
      contents.trim();
      contents.saveIndex();
    } catch (IOException | RuntimeException e) {
      log.warn("cannot look after the cache {}: {}", files.directory(), e.toString());
    }
  }

  /** Ends all fetches, and writes down what is in the cache. */
  @Override
  public void close() {
    keeper.shutdownNow();
    fetches.shutdownNow();
    ranges.shutdownNow();
    try {
      if (!fetches.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)
          || !keeper.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        log.warn("fetches into the cache are still running");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      contents.saveIndex();
    } catch (IOException e) {
      log.warn("cannot write the index of the cache: {}", e.toString());
    }
    files.close();
  }

  private static ThreadPoolExecutor pool(String name, int threads, BlockingQueue<Runnable> queue) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads, threads, IDLE_THREAD_SECONDS, TimeUnit.SECONDS, queue, named(name));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  private static ThreadFactory named(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.getAndIncrement());
      thread.setDaemon(true);
      return thread;
    };
  }
}
