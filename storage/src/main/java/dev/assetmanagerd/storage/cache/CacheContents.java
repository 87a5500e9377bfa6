package dev.assetmanagerd.storage.cache;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is in a cache, who uses it, and the room that is left.
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

  private static final int MAX_QUARANTINED = 8;

  private final CacheFiles files;
  private final long maxBytes;
  private final PinnedBlobs pinned;
  private final InstantSource clock;
  private final CacheCounters counters;

  /** The least recently used first. */
  private final LinkedHashMap<Sha256, CacheEntry> entries = new LinkedHashMap<>();

  private long entryBytes;
  private long reservedBytes;
  private long quarantinedBytes;
  private boolean changed;

  CacheContents(
      CacheFiles files,
      long maxBytes,
      PinnedBlobs pinned,
      InstantSource clock,
      CacheCounters counters)
      throws IOException {
    this.files = files;
    this.maxBytes = maxBytes;
    this.pinned = pinned;
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
    for (Path file : files.quarantined()) {
      quarantinedBytes += CacheFiles.sizeOf(file);
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
    entry.holders++;
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
    entry.holders++;
  }

  synchronized void release(CacheEntry entry) {
    if (entry.holders <= 0) {
      throw new IllegalStateException("nobody holds " + entry.digest);
    }
    entry.holders--;
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
   * A file has wrong bytes: it is moved aside.
   *
   * @return false where it is gone already
   */
  @CanIgnoreReturnValue
  boolean quarantine(CacheEntry entry) throws IOException {
    synchronized (this) {
      if (!entry.present) {
        return false;
      }
      files.quarantine(entry.digest, clock.millis());
      remove(entry);
      quarantinedBytes += entry.sizeBytes;
      counters.foundCorrupt();
    }
    log.error(
        "the file of {} in the cache does not have the bytes of its digest; it is set aside in {}",
        entry.digest,
        files.directory().resolve("quarantine"));
    shrinkQuarantine(MAX_QUARANTINED);
    return true;
  }

  /**
   * Sets room aside for a blob, for which others may be evicted.
   *
   * @throws CacheFullException when there is none
   */
  void reserve(long bytes) throws CacheFullException {
    if (bytes > maxBytes) {
      throw new CacheFullException(
          Reason.LARGER_THAN_CACHE,
          "a blob of " + bytes + " bytes is larger than the cache, which has " + maxBytes,
          null);
    }
    Set<Sha256> spared = new HashSet<>();
    while (!tryReserve(bytes)) {
      if (!shrinkQuarantine(0) && evict(missing(bytes), spared) == 0) {
        if (tryReserve(bytes)) {
          return;
        }
        throw allInUse(bytes);
      }
    }
  }

  private synchronized boolean tryReserve(long bytes) {
    if (missing(bytes) > 0) {
      return false;
    }
    reservedBytes += bytes;
    return true;
  }

  private synchronized long missing(long bytes) {
    return entryBytes + reservedBytes + quarantinedBytes + bytes - maxBytes;
  }

  private synchronized CacheFullException allInUse(long bytes) {
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

  synchronized void unreserve(long bytes) {
    reservedBytes -= bytes;
  }

  /**
   * Puts a sealed file into the cache, in the room reserved for it, and holds it. Where the blob is
   * there by now, that one is held and the file is discarded.
   */
  CacheEntry publish(Path sealed, Sha256 digest, long sizeBytes) throws IOException {
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
      entry.holders++;
      reservedBytes -= sizeBytes;
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
   * Evicts what is neither held nor pinned, the least recently used first.
   *
   * @param wantedBytes to be freed
   * @param spared found to be pinned; is added to
   * @return bytes freed; 0 when nothing can be evicted
   */
  long evict(long wantedBytes, Set<Sha256> spared) {
    while (true) {
      List<CacheEntry> candidates = candidates(wantedBytes, spared);
      if (candidates.isEmpty()) {
        return 0;
      }
      Set<Sha256> leased = pinned.among(candidates.stream().map(entry -> entry.digest).toList());
      spared.addAll(leased);
      long freed = 0;
      for (CacheEntry entry : candidates) {
        if (freed < wantedBytes && !leased.contains(entry.digest)) {
          freed += evict(entry, spared);
        }
      }
      if (freed > 0) {
        return freed;
      }
    }
  }

  private synchronized List<CacheEntry> candidates(long wantedBytes, Set<Sha256> spared) {
    List<CacheEntry> candidates = new ArrayList<>();
    long bytes = 0;
    for (CacheEntry entry : entries.values()) {
      if (bytes >= wantedBytes || candidates.size() == EVICTION_BATCH) {
        break;
      }
      if (entry.holders == 0 && !spared.contains(entry.digest)) {
        candidates.add(entry);
        bytes += entry.sizeBytes;
      }
    }
    return candidates;
  }

  private long evict(CacheEntry entry, Set<Sha256> spared) {
    Path gone;
    synchronized (this) {
      if (entry.holders > 0 || !entry.present) {
        spared.add(entry.digest); // taken up meanwhile
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

  /** Evicts what is too much, where the limit was lowered since the last time. */
  void trim() {
    long tooMuch = missing(0);
    if (tooMuch > 0 && !shrinkQuarantine(0)) {
      evict(tooMuch, new HashSet<>());
    }
  }

  /** Deletes the oldest of the files set aside; whether there was one to delete. */
  private synchronized boolean shrinkQuarantine(int keep) {
    try {
      List<Path> aside = files.quarantined();
      for (Path file : aside.subList(0, Math.max(0, aside.size() - keep))) {
        quarantinedBytes -= CacheFiles.sizeOf(file);
        files.discard(file);
      }
      return aside.size() > keep;
    } catch (IOException e) {
      log.warn("cannot clear the quarantine of the cache: {}", e.toString());
      return false;
    }
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
