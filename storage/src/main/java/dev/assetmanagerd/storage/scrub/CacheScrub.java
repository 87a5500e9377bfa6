package dev.assetmanagerd.storage.scrub;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCache.Recheck;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all files of a cache again. A wrong one is set aside, and fetched again at once where it is
 * known what needs it, or else when it is next asked for. For one thread.
 */
public final class CacheScrub {
  private static final Logger log = LoggerFactory.getLogger(CacheScrub.class);

  /** Brings a blob back into the cache. */
  public interface Refetch {
    /**
     * Does it.
     *
     * @return false where nothing needs it
     */
    boolean fetch(Sha256 digest) throws IOException;
  }

  private final BlobCache cache;
  private final Refetch refetch;
  private final ScrubRate rate;
  private final ScrubCounters counters;
  private final InstantSource clock;
  private final Duration interval;

  /**
   * @param clock wall time
   * @param interval of rounds
   */
  public CacheScrub(
      BlobCache cache,
      Refetch refetch,
      ScrubRate rate,
      ScrubCounters counters,
      InstantSource clock,
      Duration interval) {
    this.cache = cache;
    this.refetch = refetch;
    this.rate = rate;
    this.counters = counters;
    this.clock = clock;
    this.interval = interval;
  }

  /** One round. Throws a {@link java.util.concurrent.CancellationException} when it is to stop. */
  public void run() {
    for (Sha256 digest : inOrder()) {
      check(digest);
    }
    counters.roundEnds();
  }

  private List<Sha256> inOrder() {
    List<Sha256> digests = new ArrayList<>(cache.digests());
    digests.sort(Comparator.comparing(Sha256::hex));
    String start = ScrubStart.at(clock.millis(), interval);
    long before = digests.stream().filter(digest -> digest.hex().compareTo(start) < 0).count();
    Collections.rotate(digests, -Math.toIntExact(before));
    return digests;
  }

  private void check(Sha256 digest) {
    Recheck found;
    try {
      found =
          cache.recheck(
              digest,
              bytes -> {
                counters.read(bytes);
                rate.accept(bytes);
              });
    } catch (IOException e) {
      log.warn("cannot read {} in the cache: {}", digest, e.toString());
      return;
    }
    if (found != Recheck.GONE) {
      counters.checked();
    }
    if (found == Recheck.WRONG) {
      counters.foundCorrupt();
      fetchAgain(digest);
    }
  }

  private void fetchAgain(Sha256 digest) {
    try {
      if (refetch.fetch(digest)) {
        counters.repair();
        log.info("{} is in the cache again, with the right bytes", digest);
      }
    } catch (IOException | RuntimeException e) {
      log.warn("{} is not fetched again before somebody asks for it: {}", digest, e.toString());
    }
  }
}
