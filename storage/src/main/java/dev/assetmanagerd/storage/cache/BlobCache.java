package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
  private static final long STOP_SECONDS = 10;

  private final BlobCacheOptions options;
  private final CacheFiles files;
  private final CacheCounters counters = new CacheCounters();
  private final CacheContents contents;
  private final Room room;
  private final Verifier verifier;
  private final Flights flights;
  private final ThreadPoolExecutor ranges;
  private final ScheduledExecutorService keeper;

  private BlobCache(
      BlobCacheOptions options,
      CacheFiles files,
      PinnedBlobs pinned,
      InstantSource clock,
      LongSupplier nanoClock)
      throws IOException {
    this.options = options;
    this.files = files;
    Quarantine quarantine = new Quarantine(files);
    this.contents = new CacheContents(files, options.maxBytes(), quarantine, clock, counters);
    this.room = new Room(contents, quarantine, pinned);
    this.verifier = new Verifier(files, contents);
    int streams = options.concurrency() * options.rangesAtATime();
    // Threads that wait for a source that was given up free themselves when it answers, or is cut.
    this.ranges =
        CacheThreads.pool("cache-range", 2 * streams, new ArrayBlockingQueue<>(2 * streams));
    Fetcher fetcher =
        new Fetcher(files, contents, room, verifier, options, counters, ranges, nanoClock);
    this.flights = new Flights(fetcher, contents, counters, options, nanoClock);
    this.keeper = Executors.newSingleThreadScheduledExecutor(CacheThreads.named("cache-keeper"));
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
    return checked(flights.fetch(wanted, timeout), wanted.sizeBytes());
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
  public Optional<IncomingBlob> incoming(long sizeBytes) throws IOException {
    Reservation reservation;
    try {
      reservation = room.reserve(sizeBytes, () -> false);
    } catch (CacheFullException e) {
      return Optional.empty();
    }
    try {
      return Optional.of(new ReservedFile(files, contents, reservation, files.newPartial()));
    } catch (IOException | RuntimeException e) {
      contents.giveBack(reservation);
      throw e;
    }
  }

  /** Digests of all files in the cache, in no order. */
  public List<Sha256> digests() {
    return contents.digests();
  }

  @Override
  public boolean verify(Sha256 digest) throws IOException {
    Optional<CacheEntry> there = contents.hold(digest, true);
    if (there.isEmpty()) {
      return true;
    }
    try {
      return verifier.verify(there.get(), bytes -> {}) != Recheck.WRONG;
    } finally {
      contents.release(there.get());
    }
  }

  /** What came of reading a file of the cache again. */
  public enum Recheck {
    /** It has the bytes of its digest. */
    RIGHT,
    /** It had others, or could not be read, and is set aside. */
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
    return there.isEmpty() ? Recheck.GONE : verifier.verify(there.get(), pace);
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
      room.trim();
      contents.saveIndex();
    } catch (IOException | RuntimeException e) {
      log.warn("cannot look after the cache {}: {}", files.directory(), e.toString());
    }
  }

  /** Ends all fetches, and writes down what is in the cache. */
  @Override
  public void close() {
    keeper.shutdownNow();
    flights.close();
    ranges.shutdownNow();
    try {
      if (!keeper.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        log.warn("the cache is still being looked after");
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
}
