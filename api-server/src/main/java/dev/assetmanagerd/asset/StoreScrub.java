package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.asset.ScrubBrake.DistrustedException;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.file.DiskFailure;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubRate;
import dev.assetmanagerd.storage.scrub.ScrubStart;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the blobs of all assets in the store again, on the leader, each once a round; see {@link
 * StoreReading}.
 *
 * <p>Wrong bytes are set aside, so that nobody is given them, and the blob is made again of another
 * copy; see {@link StoreRepair}. Since it may be this node that reads them wrongly, there is a
 * {@link ScrubBrake}. What touches the store is done after this node has proved that it still
 * leads; a leader that is paused just then and deposed sets aside nothing that the next one has
 * made again, for that has another time. A blob that cannot be read is reported, and does not keep
 * the round from those after it. For one thread.
 */
final class StoreScrub {
  private static final Logger log = LoggerFactory.getLogger(StoreScrub.class);
  private static final int PAGE = 256;
  private static final int MAX_REMEMBERED = 10_000;

  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final StorageBackend backend;
  private final BlobReader reader;
  private final StoreReading reading;
  private final StoreRepair repair;
  private final ScrubCounters counters;
  private final InstantSource clock;
  private final Duration interval;

  /** Locations without the bytes that should be there. */
  private final Set<String> bad = new HashSet<>();

  private long badInTerm;
  private ScrubBrake brake = new ScrubBrake();

  /**
   * @param backend what the store is recorded as
   * @param clock wall time
   * @param interval of rounds
   */
  StoreScrub(
      LeaderRegistry registry,
      LeaderTerm leader,
      StorageBackend backend,
      BlobReader reader,
      StoreRepair repair,
      ScrubRate rate,
      ScrubCounters counters,
      InstantSource clock,
      Duration interval) {
    this.registry = registry;
    this.leader = leader;
    this.backend = backend;
    this.reader = reader;
    this.reading = new StoreReading(reader, rate, counters);
    this.repair = repair;
    this.counters = counters;
    this.clock = clock;
    this.interval = interval;
  }

  /** One round in a term; throws a {@link CancellationException} when that is over. */
  void run(long term) {
    if (term != badInTerm) {
      bad.clear(); // another leader looked after it meanwhile
      badInTerm = term;
    }
    brake = new ScrubBrake();
    String digits = ScrubStart.at(clock.millis(), interval);
    String start = digits.substring(0, 2) + "/" + digits;
    try {
      walk(term, start, "");
      walk(term, "", start);
    } catch (BlobStoreUnavailableException e) {
      log.warn("the store is not scrubbed any further for now: {}", e.getMessage());
      return;
    } catch (DistrustedException e) {
      counters.distrusted();
      log.error(
          "THE STORE IS NOT SCRUBBED ANY FURTHER in this round: {}. This node's reading is not to be"
              + " trusted: look at its memory, network and mount before the blobs; no more of them"
              + " are set aside",
          e.getMessage());
      return;
    }
    bad.removeIf(location -> repair.assetsAt(location).isEmpty());
    counters.setUnrepaired(bad.size());
    counters.roundEnds();
  }

  /**
   * All locations from one on.
   *
   * @param end the first that is not looked at; empty to go on to the last
   */
  private void walk(long term, String start, String end)
      throws BlobStoreUnavailableException, DistrustedException {
    String after = start;
    List<String> page = page(after);
    while (!page.isEmpty()) {
      for (String location : page) {
        if (!end.isEmpty() && location.compareTo(end) > 0) {
          return;
        }
        stopUnlessLeading(term);
        check(term, location);
      }
      after = page.get(page.size() - 1);
      page = page(after);
    }
  }

  private List<String> page(String after) {
    return registry.query(view -> view.storedLocations(backend, after, PAGE));
  }

  private void stopUnlessLeading(long term) {
    if (!leader.holds(term)) {
      throw new CancellationException("this node leads no more");
    }
  }

  private void check(long term, String location)
      throws BlobStoreUnavailableException, DistrustedException {
    try {
      List<Asset> assets = repair.assetsAt(location);
      Optional<BlobStat> stat = reader.stat(location);
      if (assets.isEmpty()) {
        return; // deleted since
      }
      if (stat.isEmpty()) {
        absent(term, location, assets);
      } else {
        present(term, stat.get(), assets);
      }
    } catch (InvalidLocationException e) {
      log.debug("{} is not in this store", location, e);
    } catch (NoSuchFileException e) {
      log.debug("{} has gone while it was looked at", location, e);
    } catch (IOException e) {
      reading.requireStore(e);
      note(location, true);
      log.error("the blob {} can be neither checked nor made good: {}", location, e.toString());
    } catch (StatusRuntimeException e) {
      log.warn("the blob {} is left to the next round: {}", location, e.getStatus());
    }
  }

  private void present(long term, BlobStat stat, List<Asset> assets)
      throws IOException, DistrustedException {
    boolean right;
    try {
      right = reading.isRight(stat, assets, () -> stopUnlessLeading(term));
    } catch (InvalidLocationException | NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      reading.requireStore(e);
      unreadable(term, stat, assets, e);
      return;
    }
    counters.checked();
    if (!right) {
      wrong(term, stat, assets);
      return;
    }
    note(stat.location(), false);
    if (!StoreRepair.errors(assets).isEmpty()) {
      repair.found(term, stat);
    }
  }

  private void note(String location, boolean isBad) {
    if (!isBad) {
      bad.remove(location);
    } else if (bad.size() < MAX_REMEMBERED) {
      bad.add(location);
    }
    counters.setUnrepaired(bad.size());
  }

  /** Only what was noted or set aside, for a store that is the wrong one lacks all blobs. */
  private void absent(long term, String location, List<Asset> assets) throws IOException {
    if (StoreRepair.errors(assets).isEmpty() && !bad.contains(location)) {
      return;
    }
    note(location, true);
    if (repair.restore(term, location)) {
      counters.repair();
      note(location, false);
    }
  }

  private void wrong(long term, BlobStat stat, List<Asset> assets)
      throws IOException, DistrustedException {
    String location = stat.location();
    note(location, true);
    counters.foundCorrupt();
    log.error("the blob {} does not have the bytes of its digest", location);
    try (Replacement replacement = repair.fetch(location, assets)) {
      brake.found(replacement.isThere());
      exchange(term, stat, replacement);
    }
  }

  /** Where its disk has failed, what cannot be read is made again, if there is another copy. */
  private void unreadable(long term, BlobStat stat, List<Asset> assets, IOException failure)
      throws IOException, DistrustedException {
    String location = stat.location();
    note(location, true);
    log.error("the blob {} cannot be read: {}", location, failure.toString());
    if (!isDiskError(failure)) {
      return;
    }
    try (Replacement replacement = repair.fetch(location, assets)) {
      if (replacement.isThere()) {
        brake.found(true);
        exchange(term, stat, replacement);
      }
    }
  }

  private static boolean isDiskError(IOException failure) {
    return DiskFailure.of(failure) == DiskFailure.IO_ERROR
        || (failure.getCause() instanceof IOException cause
            && DiskFailure.of(cause) == DiskFailure.IO_ERROR);
  }

  private void exchange(long term, BlobStat stat, Replacement replacement) throws IOException {
    if (repair.exchange(term, stat, replacement)) {
      counters.repair();
      note(stat.location(), false);
    }
  }
}
