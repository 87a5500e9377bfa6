package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.scrub.CacheScrub;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubPlace;
import dev.assetmanagerd.storage.scrub.ScrubRate;
import dev.assetmanagerd.storage.scrub.ScrubRounds;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * The scrubbing of one node, put together: of its own cache always, of the store while it leads.
 * Both share one rate. Thread-safe.
 */
public final class Scrub implements LeadershipListener, AutoCloseable {
  private final AssetServiceOptions options;
  private final ReplicatedRegistry registry;
  private final AssetFiles files;
  private final ScrubRate rate;
  private final LeaderTerm leader = new LeaderTerm();
  private final Map<ScrubPlace, ScrubCounters> counters = new EnumMap<>(ScrubPlace.class);
  private final StoreScrub store;
  private final ScrubRounds storeRounds;
  private final Optional<ScrubRounds> cacheRounds;

  /**
   * Begins with the cache.
   *
   * @param nodeId of this node
   * @param blobs the configured store
   * @param copies the caches of the nodes
   * @param cache that of this node; empty where it has none
   * @param bytesPerSecond how fast bytes are read, 1 or more
   * @param interval from the beginning of one round to that of the next
   * @param clock wall time
   */
  public Scrub(
      String nodeId,
      AssetServiceOptions options,
      ReplicatedRegistry registry,
      BlobStore blobs,
      LocalCopies copies,
      Optional<BlobCache> cache,
      long bytesPerSecond,
      Duration interval,
      InstantSource clock) {
    for (ScrubPlace place : ScrubPlace.values()) {
      counters.put(place, new ScrubCounters());
    }
    this.options = options;
    this.registry = registry;
    this.files = new AssetFiles(options.backend(), blobs, copies);
    this.rate = ScrubRate.of(bytesPerSecond);
    LeaderRegistry leaderRegistry = new LeaderRegistry(registry);
    this.store =
        new StoreScrub(
            leaderRegistry,
            leader,
            options.backend(),
            blobs,
            new StoreRepair(
                leaderRegistry,
                leader,
                options.backend(),
                blobs,
                copies,
                nodeId,
                options.garbage().uploadGrace(),
                options.prepare().fetchTimeout()),
            rate,
            counters(ScrubPlace.STORE),
            clock,
            interval);
    Random chance = new Random();
    this.storeRounds = new ScrubRounds("store", this::roundOfStore, interval, chance::nextDouble);
    this.cacheRounds =
        cache.map(
            there -> {
              CacheScrub scrub =
                  new CacheScrub(
                      there, this::fetchAgain, rate, counters(ScrubPlace.CACHE), clock, interval);
              return new ScrubRounds("cache", term -> scrub.run(), interval, chance::nextDouble);
            });
    cacheRounds.ifPresent(rounds -> rounds.start(0));
  }

  /** What came of it in one place. */
  public ScrubCounters counters(ScrubPlace place) {
    ScrubCounters found = counters.get(place);
    if (found == null) {
      throw new IllegalArgumentException("nothing is scrubbed in " + place);
    }
    return found;
  }

  /** One round of the store. */
  void roundOfStore(long term) {
    store.run(term);
  }

  /** What the cache has set aside comes back at once where an asset under its digest needs it. */
  boolean fetchAgain(Sha256 digest) throws IOException {
    List<Asset> assets =
        registry.query(view -> view.storedAt(options.backend(), digest.location(), 1));
    if (assets.isEmpty()) {
      return false;
    }
    try (LocalBlob again = files.hold(assets.get(0), options.prepare().fetchTimeout())) {
      return !again.path().toString().isEmpty();
    }
  }

  @Override
  public void onLeaderReady(long term) {
    leader.onLeaderReady(term);
    storeRounds.start(term);
  }

  @Override
  public void onLeadershipLost() {
    leader.onLeadershipLost();
    storeRounds.stop();
    counters(ScrubPlace.STORE).setUnrepaired(0);
  }

  /** Stops all of it; waits a moment for what is being read. */
  @Override
  public void close() {
    onLeadershipLost();
    rate.close();
    storeRounds.close();
    cacheRounds.ifPresent(ScrubRounds::close);
  }
}
