package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobCache.Recheck;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.LongSupplier;

/**
 * Brings one blob into the cache: verifies the file that is there, or downloads it into room that
 * is reserved for it. Thread-safe.
 */
final class Fetcher {
  private final CacheFiles files;
  private final CacheContents contents;
  private final Room room;
  private final Verifier verifier;
  private final BlobCacheOptions options;
  private final CacheCounters counters;
  private final ExecutorService ranges;
  private final LongSupplier nanoClock;

  /**
   * @param ranges threads to read from sources on
   */
  Fetcher(
      CacheFiles files,
      CacheContents contents,
      Room room,
      Verifier verifier,
      BlobCacheOptions options,
      CacheCounters counters,
      ExecutorService ranges,
      LongSupplier nanoClock) {
    this.files = files;
    this.contents = contents;
    this.room = room;
    this.verifier = verifier;
    this.options = options;
    this.counters = counters;
    this.ranges = ranges;
    this.nanoClock = nanoClock;
  }

  /** Runs a fetch to its end; the answer is held once, by the caller. */
  CacheEntry run(Flight flight) throws IOException, InterruptedException {
    Optional<CacheEntry> there = contents.holdVerified(flight.digest, true);
    if (there.isEmpty()) {
      there = verified(flight.digest);
    }
    return there.isPresent() ? there.get() : fetch(flight);
  }

  private Optional<CacheEntry> verified(Sha256 digest) throws IOException {
    Optional<CacheEntry> there = contents.hold(digest, true);
    if (there.isEmpty()) {
      return there;
    }
    boolean right = false;
    try {
      right = verifier.verify(there.get(), bytes -> {}) == Recheck.RIGHT;
      return right ? there : Optional.empty();
    } finally {
      if (!right) {
        contents.release(there.get());
      }
    }
  }

  private CacheEntry fetch(Flight flight) throws IOException, InterruptedException {
    counters.fetchBegins();
    boolean published = false;
    try {
      Reservation reservation = room.await(flight.sizeBytes, flight::isEnding);
      try {
        CacheEntry entry = fetch(flight, reservation);
        published = true;
        return entry;
      } finally {
        if (!published) {
          contents.giveBack(reservation);
        }
      }
    } finally {
      counters.fetchEnds(published);
    }
  }

  private CacheEntry fetch(Flight flight, Reservation reservation)
      throws IOException, InterruptedException {
    Path sealed = new Download(flight, files, room, options, counters, ranges, nanoClock).run();
    boolean published = false;
    try {
      CacheEntry entry = contents.publish(sealed, flight.digest, reservation);
      published = true;
      return entry;
    } finally {
      if (!published) {
        files.discard(sealed);
      }
    }
  }
}
