package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobQuarantine;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubRate;
import dev.assetmanagerd.storage.scrub.ScrubStart;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
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
 * Reads the blobs of all assets in the store again, on the leader, each once a round. Where a store
 * attests the digest of a blob, that is taken for it.
 *
 * <p>Wrong bytes are set aside, so that nobody is given them, and the blob is made again of another
 * copy; see {@link StoreRepair}. They are read twice before, for the line may be to blame. What
 * touches the store is done after this node has proved that it still leads; a leader that is paused
 * just then and deposed sets aside nothing that the next one has made again, for that has another
 * time. For one thread.
 */
final class StoreScrub {
  private static final Logger log = LoggerFactory.getLogger(StoreScrub.class);
  private static final int PAGE = 256;
  private static final int MAX_ASSETS = 1000;
  private static final int RANGE_BYTES = 4 << 20;
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int MAX_REMEMBERED = 10_000;

  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final StorageBackend backend;
  private final BlobReader reader;
  private final BlobQuarantine quarantine;
  private final StoreRepair repair;
  private final ScrubRate rate;
  private final ScrubCounters counters;
  private final InstantSource clock;
  private final Duration interval;

  /** Locations without the bytes that should be there. */
  private final Set<String> bad = new HashSet<>();

  private long badInTerm;

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
      BlobQuarantine quarantine,
      StoreRepair repair,
      ScrubRate rate,
      ScrubCounters counters,
      InstantSource clock,
      Duration interval) {
    this.registry = registry;
    this.leader = leader;
    this.backend = backend;
    this.reader = reader;
    this.quarantine = quarantine;
    this.repair = repair;
    this.rate = rate;
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
    String digits = ScrubStart.at(clock.millis(), interval);
    String start = digits.substring(0, 2) + "/" + digits;
    try {
      walk(term, start, "");
      walk(term, "", start);
    } catch (BlobStoreUnavailableException e) {
      log.warn("the store is not scrubbed any further for now: {}", e.getMessage());
      return;
    }
    bad.removeIf(location -> assetsAt(location).isEmpty());
    counters.setUnrepaired(bad.size());
    counters.roundEnds();
  }

  /**
   * All locations from one on.
   *
   * @param end the first that is not looked at; empty to go on to the last
   */
  private void walk(long term, String start, String end) throws BlobStoreUnavailableException {
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

  private List<Asset> assetsAt(String location) {
    return registry.query(view -> view.storedAt(backend, location, MAX_ASSETS));
  }

  private void stopUnlessLeading(long term) {
    if (!leader.holds(term)) {
      throw new CancellationException("this node leads no more");
    }
  }

  private void check(long term, String location) throws BlobStoreUnavailableException {
    try {
      List<Asset> assets = assetsAt(location);
      Optional<BlobStat> stat = reader.stat(location);
      if (assets.isEmpty()) {
        return; // deleted since
      }
      if (stat.isEmpty()) {
        absent(term, location, assets);
      } else if (isRightAfterAll(term, stat.get(), assets)) {
        counters.checked();
        note(location, false);
      } else {
        counters.checked();
        wrong(term, stat.get());
      }
    } catch (InvalidLocationException e) {
      log.debug("{} is not in this store", location, e);
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      note(location, true);
      log.warn("the blob {} cannot be read to check it: {}", location, e.toString());
    } catch (StatusRuntimeException e) {
      log.warn("the blob {} is left to the next round: {}", location, e.getStatus());
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

  private static Set<Hashing.Content> expected(List<Asset> assets) {
    Set<Hashing.Content> expected = new HashSet<>();
    for (Asset asset : assets) {
      expected.add(new Hashing.Content(asset.getSizeBytes(), new Sha256(asset.getChecksum())));
    }
    return expected;
  }

  private boolean isRightAfterAll(long term, BlobStat stat, List<Asset> assets) throws IOException {
    boolean atFirst = isRight(term, stat, assets);
    return atFirst || isRight(term, stat, assets);
  }

  private boolean isRight(long term, BlobStat stat, List<Asset> assets) throws IOException {
    Set<Hashing.Content> expected = expected(assets);
    if (expected.stream().noneMatch(content -> content.sizeBytes() == stat.sizeBytes())) {
      return false;
    }
    Sha256 found = stat.digest().isPresent() ? stat.digest().get() : read(term, stat);
    return expected.contains(new Hashing.Content(stat.sizeBytes(), found));
  }

  /** In ranges, so that no connection is open while the rate has this wait. */
  private Sha256 read(long term, BlobStat stat) throws IOException {
    Hashing.Digester digest = Hashing.newDigester();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    for (long at = 0; at < stat.sizeBytes(); at += RANGE_BYTES) {
      stopUnlessLeading(term);
      int length = (int) Math.min(RANGE_BYTES, stat.sizeBytes() - at);
      rate.accept(length);
      readRange(stat.location(), at, length, buffer, digest);
      counters.read(length);
    }
    return digest.finish();
  }

  /** Of a blob that is shorter than it was said to be, the digest comes out as another. */
  private void readRange(
      String location, long at, int length, ByteBuffer buffer, Hashing.Digester digest)
      throws IOException {
    try (ReadableByteChannel in = reader.open(location, at, length)) {
      int left = length;
      int n = 0;
      while (left > 0 && n >= 0) {
        buffer.clear().limit(Math.min(buffer.capacity(), left));
        n = in.read(buffer);
        left -= Math.max(0, n);
        digest.update(buffer.flip());
      }
    }
  }

  /** Only what was noted or set aside, for a store that is the wrong one lacks all blobs. */
  private void absent(long term, String location, List<Asset> assets) throws IOException {
    if (StoreRepair.errors(assets).isEmpty() && !bad.contains(location)) {
      return;
    }
    note(location, true);
    if (repair.restore(term, location, assets)) {
      counters.repair();
      note(location, false);
    }
  }

  private void wrong(long term, BlobStat stat) throws IOException {
    String location = stat.location();
    registry.awaitLinearizable();
    stopUnlessLeading(term);
    List<Asset> assets = assetsAt(location);
    if (assets.isEmpty() || !quarantine.setAside(stat)) {
      return; // deleted, or made again since; the next round looks at it
    }
    counters.foundCorrupt();
    note(location, true);
    log.error(
        "the blob {} of assets {} does not have the bytes of its digest; it is set aside",
        location,
        assets.stream().map(Asset::getId).toList());
    if (repair.restore(term, location, assets)) {
      counters.repair();
      note(location, false);
    }
  }
}
