package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is in a cache, who uses it, and the room that is left; {@link Room} makes more of it.
 *
 * <p>Room is reserved before the first byte of a blob comes in, and the files in the cache, the
 * reservations and the files set aside never come to more than the limit together. Names are given
 * and taken under the lock of this object, so that an eviction never meets a file that came back
 * under the same name; the bytes themselves are deleted outside of it.
 *
 * <p>Thread-safe.
 */
final class CacheContents {
  private static final Logger log = LoggerFactory.getLogger(CacheContents.class);

  /** Asked about in one query. */
  private static final int EVICTION_BATCH = 64;

  private final CacheFiles files;
  private final long maxBytes;
  private final Quarantine quarantine;
  private final InstantSource clock;
  private final CacheCounters counters;

  /** The least recently used first. */
  private final LinkedHashMap<Sha256, CacheEntry> entries = new LinkedHashMap<>();

  /**
   * How many hold the file of a digest. Not of an entry: who holds one that is set aside has a
   * right to what comes in its place.
   */
  private final Map<Sha256, Integer> holders = new HashMap<>();

  private final Set<Reservation> reservations = new HashSet<>();
  private long entryBytes;
  private long reservedBytes;
  private long givenBack;
  private boolean changed;

  CacheContents(
      CacheFiles files,
      long maxBytes,
      Quarantine quarantine,
      InstantSource clock,
      CacheCounters counters)
      throws IOException {
    this.files = files;
    this.maxBytes = maxBytes;
    this.quarantine = quarantine;
    this.clock = clock;
    this.counters = counters;
    load();
  }

  private void load() throws IOException {
    Map<Sha256, CacheIndex.Line> index = files.index().read();
    List<CacheEntry> found = new ArrayList<>();
    for (CacheFiles.Found file : files.scan()) {
      CacheIndex.Line line = index.get(file.digest());
      boolean known =
          line != null
              && line.sizeBytes() == file.sizeBytes()
              && line.modifiedNanos() == file.modifiedNanos();
      CacheEntry entry =
          new CacheEntry(file.digest(), file.sizeBytes(), file.modifiedNanos(), known);
      entry.lastUseMillis = line == null ? 0 : line.lastUseMillis();
      found.add(entry);
    }
    found.sort(Comparator.comparingLong(entry -> entry.lastUseMillis));
    for (CacheEntry entry : found) {
      entries.put(entry.digest, entry);
      entryBytes += entry.sizeBytes;
    }
    long unverified = found.stream().filter(entry -> !entry.verified).count();
    log.info(
        "cache {}: {} files, {} bytes of at most {}; {} are verified when they are first needed",
        files.directory(),
        found.size(),
        entryBytes,
        maxBytes,
        unverified);
  }

  /**
   * Holds a file that is there, verified, and has not been changed since; empty where there is
   * none. A file that was changed is no longer taken for verified.
   */
  Optional<CacheEntry> holdVerified(Sha256 digest, boolean use) throws IOException {
    Optional<CacheEntry> held = hold(digest, use);
    if (held.isEmpty()) {
      return held;
    }
    CacheEntry entry = held.get();
    long modified;
    try {
      modified = files.modifiedNanos(digest, entry.sizeBytes);
    } catch (NoSuchFileException e) {
      release(entry);
      lost(entry);
      return Optional.empty();
    } catch (IOException e) {
      log.warn("cannot look at {} in the cache: {}", digest, e.toString());
      modified = Long.MIN_VALUE;
    }
    synchronized (this) {
      if (entry.verified && entry.present && entry.modifiedNanos == modified) {
        return held;
      }
      entry.verified = false;
    }
    release(entry);
    return Optional.empty();
  }

  /** Holds a file that is there, verified or not. */
  synchronized Optional<CacheEntry> hold(Sha256 digest, boolean use) {
    CacheEntry entry = entries.get(digest);
    if (entry == null) {
      return Optional.empty();
    }
    if (use) {
      used(entry);
    }
    holdAgain(entry);
    return Optional.of(entry);
  }

  /** Moves it to the end of the order of eviction. */
  private void used(CacheEntry entry) {
    entries.remove(entry.digest, entry);
    entries.put(entry.digest, entry);
    entry.lastUseMillis = clock.millis();
    changed = true;
  }

  /** Holds an entry once more that the caller holds already. */
  synchronized void holdAgain(CacheEntry entry) {
    var unused = holders.merge(entry.digest, 1, Integer::sum);
  }

  synchronized void release(CacheEntry entry) {
    if (!holders.containsKey(entry.digest)) {
      throw new IllegalStateException("nobody holds " + entry.digest);
    }
    var unused = holders.computeIfPresent(entry.digest, (d, n) -> n > 1 ? n - 1 : null);
  }

  /** A file was verified as it is now. */
  synchronized void verified(CacheEntry entry, long modifiedNanos) {
    entry.modifiedNanos = modifiedNanos;
    entry.verified = true;
    changed = true;
  }

  /** A file is not there any more, whoever deleted it. */
  synchronized void lost(CacheEntry entry) {
    if (entry.present) {
      remove(entry);
      log.warn("{} has disappeared from the cache", entry.digest);
    }
  }

  /** The file under a digest, without holding it: it may be evicted at any time. */
  synchronized Optional<CacheEntry> peek(Sha256 digest) {
    return Optional.ofNullable(entries.get(digest));
  }

  /**
   * A file is of no use: it is moved aside.
   *
   * @param problem what is wrong with it, for people
   * @return false where it is gone already
   */
  boolean quarantine(CacheEntry entry, String problem) throws IOException {
    synchronized (this) {
      if (!entry.present) {
        return false;
      }
      entry.verified = false; // also where it cannot be moved: nobody gets it again
      try {
        quarantine.take(entry.digest, clock.millis());
      } catch (NoSuchFileException e) {
        lost(entry);
        return false;
      }
      remove(entry);
      counters.foundCorrupt();
    }
    log.error(
        "the file of {} in the cache {}; it is set aside in {}",
        entry.digest,
        problem,
        files.directory().resolve("quarantine"));
    quarantine.shrink();
    return true;
  }

  long maxBytes() {
    return maxBytes;
  }

  /** Sets room aside, where there is as much. */
  synchronized boolean tryReserve(Reservation reservation) {
    if (missing(reservation.sizeBytes) > 0) {
      return false;
    }
    reservations.add(reservation);
    reservedBytes += reservation.sizeBytes;
    return true;
  }

  /**
   * Whether there is neither room for so much more nor anything that could be evicted for it, both
   * at one moment: with others that evict and fetch meanwhile, each alone says nothing.
   */
  synchronized boolean isInUse(long bytes, Set<Sha256> spared) {
    return missing(bytes) > 0 && candidates(1, spared).isEmpty();
  }

  /** How much has to go before there is room for so much more. */
  synchronized long missing(long bytes) {
    return entryBytes + reservedBytes + quarantine.bytes() + bytes - maxBytes;
  }

  /** What to tell who finds no room. */
  synchronized CacheFullException allInUse(long bytes) {
    return new CacheFullException(
        Reason.ALL_IN_USE,
        "no room for "
            + bytes
            + " bytes in the cache: of "
            + maxBytes
            + " bytes "
            + reservedBytes
            + " are being fetched, and the "
            + entryBytes
            + " bytes that are there are in use or leased",
        null);
  }

  /** Gives room back; once. */
  synchronized void giveBack(Reservation reservation) {
    if (!reservations.remove(reservation)) {
      throw new IllegalStateException("given back already: " + reservation.sizeBytes + " bytes");
    }
    reservedBytes -= reservation.sizeBytes;
    givenBack++;
    notifyAll();
  }

  /** How often room was given back. */
  synchronized long givenBack() {
    return givenBack;
  }

  /**
   * Waits for room to be given back, as long as any is about to be.
   *
   * @param seen how often it had been before
   * @param deadlineNanos when to give up, by {@link System#nanoTime}
   * @return whether any was
   */
  synchronized boolean awaitGivenBack(long seen, long deadlineNanos) throws InterruptedException {
    while (givenBack == seen && reservations.stream().anyMatch(r -> r.ending.getAsBoolean())) {
      long left = deadlineNanos - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return givenBack != seen;
  }

  /**
   * Puts a sealed file into the cache, in the room reserved for it, and holds it. Where the blob is
   * there by now, that one is held and the file is discarded.
   */
  CacheEntry publish(Path sealed, Sha256 digest, Reservation reservation) throws IOException {
    long sizeBytes = reservation.sizeBytes;
    CacheEntry entry;
    synchronized (this) {
      CacheEntry there = entries.get(digest);
      if (there == null || !there.verified) {
        long modified = files.publish(sealed, digest);
        if (there != null) {
          remove(there); // replaced by the rename
        }
        entry = new CacheEntry(digest, sizeBytes, modified, true);
        entries.put(digest, entry);
        entryBytes += sizeBytes;
      } else {
        entry = there;
      }
      used(entry);
      holdAgain(entry);
      giveBack(reservation);
    }
    files.discard(sealed); // where it was not needed
    try {
      files.syncName(digest);
    } catch (IOException e) {
      // Whether the name outlives a power loss decides about another fetch and no more.
      log.debug("cannot flush the name of {}", digest, e);
    }
    return entry;
  }

  /**
   * The least recently used that nobody holds, some of them.
   *
   * @param spared not to be among them
   */
  synchronized List<CacheEntry> candidates(long wantedBytes, Set<Sha256> spared) {
    List<CacheEntry> candidates = new ArrayList<>();
    long bytes = 0;
    for (CacheEntry entry : entries.values()) {
      if (bytes >= wantedBytes || candidates.size() == EVICTION_BATCH) {
        break;
      }
      if (!holders.containsKey(entry.digest) && !spared.contains(entry.digest)) {
        candidates.add(entry);
        bytes += entry.sizeBytes;
      }
    }
    return candidates;
  }

  /**
   * Evicts one, unless it was taken up or evicted meanwhile.
   *
   * @param spared is added to where it cannot be evicted at all; who holds one holds it for now
   * @return bytes freed, at least 1; 0 where it stays
   */
  long evict(CacheEntry entry, Set<Sha256> spared) {
    Path gone;
    synchronized (this) {
      if (holders.containsKey(entry.digest) || !entry.present) {
        return 0;
      }
      try {
        gone = files.takeOut(entry.digest);
      } catch (NoSuchFileException e) {
        remove(entry);
        return entry.sizeBytes;
      } catch (IOException e) {
        log.warn("cannot evict {}: {}", entry.digest, e.toString());
        spared.add(entry.digest);
        return 0;
      }
      remove(entry);
      counters.evicted(entry.sizeBytes);
    }
    log.debug("evicted {} ({} bytes)", entry.digest, entry.sizeBytes);
    files.discard(gone);
    return Math.max(1, entry.sizeBytes);
  }

  private void remove(CacheEntry entry) {
    entry.present = false;
    entries.remove(entry.digest, entry);
    entryBytes -= entry.sizeBytes;
    changed = true;
  }

  /** Writes the index, where anything in it has changed. */
  void saveIndex() throws IOException {
    List<CacheIndex.Line> lines = new ArrayList<>();
    synchronized (this) {
      if (!changed) {
        return;
      }
      changed = false;
      for (CacheEntry entry : entries.values()) {
        if (entry.verified) {
          lines.add(
              new CacheIndex.Line(
                  entry.digest, entry.sizeBytes, entry.modifiedNanos, entry.lastUseMillis));
        }
      }
    }
    files.index().write(lines);
  }

  synchronized List<Sha256> digests() {
    return List.copyOf(entries.keySet());
  }

  synchronized long bytesHeld() {
    return entryBytes;
  }

  synchronized int filesHeld() {
    return entries.size();
  }
}
