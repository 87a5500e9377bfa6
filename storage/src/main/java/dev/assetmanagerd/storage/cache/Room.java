package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Makes room in a cache: files set aside go first, then the least recently used that are neither
 * held nor pinned. Thread-safe.
 */
final class Room {
  /** Within this, a fetch that nobody waits for any more has let go of its file. */
  private static final Duration ENDING = Duration.ofSeconds(5);

  private final CacheContents contents;
  private final Quarantine quarantine;
  private final PinnedBlobs pinned;

  Room(CacheContents contents, Quarantine quarantine, PinnedBlobs pinned) {
    this.contents = contents;
    this.quarantine = quarantine;
    this.pinned = pinned;
  }

  /**
   * Sets room aside for a blob, for which others may be evicted. Waits a little where fetches that
   * are ending are about to give theirs back.
   *
   * @param ending whether the room is certain to be given back in a moment; takes no locks
   * @throws CacheFullException when there is none
   */
  Reservation await(long bytes, BooleanSupplier ending)
      throws CacheFullException, InterruptedException {
    long deadline = System.nanoTime() + ENDING.toNanos();
    while (true) {
      long seen = contents.givenBack();
      try {
        return reserve(bytes, ending);
      } catch (CacheFullException e) {
        boolean again = e.reason() == Reason.ALL_IN_USE && contents.awaitGivenBack(seen, deadline);
        if (!again) {
          throw e;
        }
      }
    }
  }

  /** The same without waiting. */
  Reservation reserve(long bytes, BooleanSupplier ending) throws CacheFullException {
    if (bytes > contents.maxBytes()) {
      throw new CacheFullException(
          Reason.LARGER_THAN_CACHE,
          "a blob of "
              + bytes
              + " bytes is larger than the cache, which has "
              + contents.maxBytes(),
          null);
    }
    Reservation reservation = new Reservation(bytes, ending);
    Set<Sha256> spared = new HashSet<>();
    while (!contents.tryReserve(reservation)) {
      boolean none = !quarantine.clear() && evict(contents.missing(bytes), spared) == 0;
      if (none && contents.isInUse(bytes, spared)) {
        throw contents.allInUse(bytes);
      }
    }
    return reservation;
  }

  /** Evicts some, because the disk is full; whether there was anything to evict. */
  boolean giveWay(long bytes) {
    return evict(bytes, new HashSet<>()) > 0;
  }

  /** Evicts what is too much, where the limit was lowered since the last time. */
  void trim() {
    var unused = quarantine.recount();
    if (contents.missing(0) > 0 && !quarantine.clear()) {
      evict(contents.missing(0), new HashSet<>());
    }
  }

  /**
   * Evicts what is neither held nor pinned, the least recently used first.
   *
   * @param spared found to be pinned; is added to
   * @return bytes freed; 0 when nothing can be evicted
   */
  private long evict(long wantedBytes, Set<Sha256> spared) {
    while (true) {
      List<CacheEntry> candidates = contents.candidates(wantedBytes, spared);
      if (candidates.isEmpty()) {
        return 0;
      }
      Set<Sha256> leased = pinned.among(candidates.stream().map(entry -> entry.digest).toList());
      spared.addAll(leased);
      long freed = 0;
      for (CacheEntry entry : candidates) {
        if (freed < wantedBytes && !leased.contains(entry.digest)) {
          freed += contents.evict(entry, spared);
        }
      }
      if (freed > 0) {
        return freed;
      }
    }
  }
}
