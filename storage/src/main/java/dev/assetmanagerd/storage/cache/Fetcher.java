package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import dev.assetmanagerd.storage.file.DiskFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one blob into the cache: verifies the file that is there, or gets it from the first source
 * that gives the right bytes. Each source begins with a file of its own, so that what a source does
 * late, or gave wrongly, touches nothing. Thread-safe.
 */
final class Fetcher {
  private static final Logger log = LoggerFactory.getLogger(Fetcher.class);

  private final CacheFiles files;
  private final CacheContents contents;
  private final BlobCacheOptions options;
  private final CacheCounters counters;
  private final ExecutorService ranges;
  private final LongSupplier nanoClock;

  Fetcher(
      CacheFiles files,
      CacheContents contents,
      BlobCacheOptions options,
      CacheCounters counters,
      ExecutorService ranges,
      LongSupplier nanoClock) {
    this.files = files;
    this.contents = contents;
    this.options = options;
    this.counters = counters;
    this.ranges = ranges;
    this.nanoClock = nanoClock;
  }

  /** Runs a fetch to its end; the answer is held once, by the caller. */
  CacheEntry run(Flight flight) throws IOException, InterruptedException {
    Optional<CacheEntry> there = contents.holdVerified(flight.digest, true);
    if (there.isEmpty()) {
      there = verify(flight.digest);
    }
    return there.isPresent() ? there.get() : fetch(flight);
  }

  /**
   * Reads a file of the cache that is not known to be right; one that is wrong is set aside.
   *
   * @return held; empty when there is none, or none that is right
   */
  Optional<CacheEntry> verify(Sha256 digest) throws IOException {
    Optional<CacheEntry> there = contents.hold(digest, true);
    if (there.isEmpty()) {
      return there;
    }
    CacheEntry entry = there.get();
    boolean right = false;
    try {
      long modified = files.modifiedNanos(digest, entry.sizeBytes);
      try (FileChannel file = files.openToRead(digest)) {
        right =
            modified != Long.MIN_VALUE
                && Hashing.sha256(file).equals(new Hashing.Content(entry.sizeBytes, digest));
      }
      if (right) {
        contents.verified(entry, modified);
        return there;
      }
      contents.quarantine(entry);
      return Optional.empty();
    } catch (NoSuchFileException e) {
      contents.lost(entry);
      return Optional.empty();
    } finally {
      if (!right) {
        contents.release(entry);
      }
    }
  }

  private CacheEntry fetch(Flight flight) throws IOException, InterruptedException {
    counters.fetchBegins();
    boolean published = false;
    boolean reserved = false;
    try {
      contents.reserve(flight.sizeBytes);
      reserved = true;
      Path sealed = fromSources(flight);
      try {
        CacheEntry entry = contents.publish(sealed, flight.digest, flight.sizeBytes);
        published = true;
        return entry;
      } finally {
        if (!published) {
          files.discard(sealed);
        }
      }
    } finally {
      if (reserved && !published) {
        contents.unreserve(flight.sizeBytes);
      }
      counters.fetchEnds(published);
    }
  }

  private Path fromSources(Flight flight) throws IOException, InterruptedException {
    long deadline = nanoClock.getAsLong() + options.fetchTimeout().toNanos();
    Failures failures = new Failures(flight.digest);
    boolean madeRoom = false;
    for (int number = 0; ; ) {
      Optional<BlobSource> source = flight.source(number);
      if (source.isEmpty()) {
        throw failures.summary();
      }
      try {
        return fromSource(flight, source.get(), deadline);
      } catch (CacheDiskException e) {
        if (Thread.interrupted() || flight.isAbandoned()) {
          throw new InterruptedException();
        }
        if (DiskFailure.of(cause(e), files.directory(), 0) != DiskFailure.NO_SPACE) {
          throw e;
        }
        // Others write to this disk, too: the cache gives way, once.
        if (madeRoom || contents.evict(flight.sizeBytes, new HashSet<>()) == 0) {
          throw diskFull(flight, e);
        }
        madeRoom = true;
        continue;
      } catch (InterruptedIOException e) {
        if (deadline - nanoClock.getAsLong() <= 0) {
          throw e;
        }
        failures.add(source.get(), e, counters);
      } catch (IOException e) {
        failures.add(source.get(), e, counters);
      }
      number++;
    }
  }

  private static IOException cause(CacheDiskException e) {
    return e.getCause() instanceof IOException io ? io : e;
  }

  private static CacheFullException diskFull(Flight flight, CacheDiskException e) {
    return new CacheFullException(
        Reason.DISK_FULL,
        "the disk of the cache has no space left for "
            + flight.sizeBytes
            + " bytes, and nothing in the cache can be evicted for them",
        e);
  }

  private Path fromSource(Flight flight, BlobSource source, long deadlineNanos)
      throws IOException, InterruptedException {
    Path partial = files.newPartial(flight.sizeBytes);
    boolean whole = false;
    try {
      try (FileChannel file =
          FileChannel.open(partial, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        Sha256 found =
            new RangedTransfer(source, flight.sizeBytes, file, ranges, options, counters, nanoClock)
                .run(deadlineNanos);
        if (!found.equals(flight.digest)) {
          throw new WrongBytesException(
              source.name() + " gave bytes of digest " + found + " for " + flight.digest);
        }
      }
      seal(partial);
      whole = true;
      return partial;
    } finally {
      if (!whole) {
        files.discard(partial);
      }
    }
  }

  private void seal(Path partial) throws CacheDiskException {
    try {
      files.seal(partial);
    } catch (IOException e) {
      throw new CacheDiskException("cannot flush a file of the cache", e);
    }
  }

  /** Why sources were given up, and which of the reasons to tell. */
  private static final class Failures {
    private final Sha256 digest;
    private @Nullable IOException missing;
    private @Nullable IOException wrong;
    private @Nullable IOException broken;

    Failures(Sha256 digest) {
      this.digest = digest;
    }

    void add(BlobSource source, IOException failure, CacheCounters counters) {
      if (failure instanceof NoSuchFileException) {
        missing = failure;
        return;
      }
      counters.sourceFailed(source.name());
      log.warn("{} not from {}: {}", digest, source.name(), failure.toString());
      if (failure instanceof WrongBytesException) {
        wrong = failure;
      } else {
        broken = failure;
      }
    }

    /** One that failed may have the blob, so what the others lack does not settle it. */
    IOException summary() {
      IOException told = broken != null ? broken : wrong != null ? wrong : missing;
      return told == null ? new NoSuchFileException(digest + " (no source)") : told;
    }
  }
}
