package dev.assetmanagerd.server;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.asset.LocalCopies;
import dev.assetmanagerd.asset.Scrub;
import dev.assetmanagerd.cluster.CachedBlobStreams;
import dev.assetmanagerd.cluster.PeerBlobs;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.StorageKind;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.http.HttpSource;
import dev.assetmanagerd.storage.http.HttpSourceOptions;
import dev.assetmanagerd.storage.scrub.ScrubPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cache of a node and the sources outside, where there is anything that has no files on the
 * node's own host.
 */
final class NodeCache {
  private static final Logger log = LoggerFactory.getLogger(NodeCache.class);

  private final Optional<BlobCache> cache;
  private final Map<StorageBackend, BlobReader> sources;
  private final boolean askPeers;

  private NodeCache(
      Optional<BlobCache> cache, Map<StorageBackend, BlobReader> sources, boolean askPeers) {
    this.cache = cache;
    this.sources = sources;
    this.askPeers = askPeers;
  }

  /**
   * Opens it.
   *
   * @throws StartException when its directory cannot be used
   */
  static NodeCache open(NodeConfig config, RaftNode raft, Metrics metrics, Closing parts)
      throws StartException {
    if (!isNeeded(config)) {
      return new NodeCache(Optional.empty(), Map.of(), false);
    }
    BlobCache cache = parts.add(open(config, raft));
    metrics.cache(cache);
    return new NodeCache(
        Optional.of(cache), sources(config, parts), config.storage().cache().peers());
  }

  private static boolean isNeeded(NodeConfig config) {
    return config.storage().kind() != StorageKind.LOCAL
        || !config.storage().http().hosts().isEmpty();
  }

  private static Map<StorageBackend, BlobReader> sources(NodeConfig config, Closing parts) {
    NodeConfig.HttpSources http = config.storage().http();
    if (http.hosts().isEmpty()) {
      return Map.of();
    }
    HttpSource source =
        parts.add(
            new HttpSource(
                HttpSourceOptions.of(http.hosts(), http.allowPrivate(), http.allowPlain())));
    log.info(
        "HTTP_SOURCE_HOSTS: assets may be registered by URL at {}{}{}",
        String.join(", ", http.hosts()),
        http.allowPrivate() ? ", private addresses included" : "",
        http.allowPlain() ? ", without encryption too" : "");
    return Map.of(StorageBackend.STORAGE_BACKEND_HTTP, source);
  }

  /**
   * Where bytes come from that are not on this host.
   *
   * @param peers the other nodes
   */
  LocalCopies copies(PeerBlobs peers) {
    return cache.isPresent()
        ? new LocalCopies(
            Optional.of(cache.get()), sources, askPeers ? peers::of : digest -> List.of())
        : LocalCopies.none();
  }

  /** What the other nodes may read: nothing where they are not asked either. */
  CachedBlobStreams streams() {
    return new CachedBlobStreams(cache.filter(there -> askPeers));
  }

  /**
   * Begins to scrub it, and has the store scrubbed while this node leads, where that is configured.
   *
   * @param store the configured one
   */
  void scrub(
      NodeConfig config,
      RaftNode raft,
      BlobStore store,
      LocalCopies copies,
      LeadershipRelay leadership,
      Metrics metrics,
      Closing parts) {
    NodeConfig.Scrub options = config.storage().scrub();
    if (options.bytesPerSecond() == 0) {
      return;
    }
    Scrub scrub =
        parts.add(
            new Scrub(
                config.cluster().nodeId(),
                NodeParts.assetOptions(config),
                raft,
                store,
                copies,
                cache,
                options.bytesPerSecond(),
                options.interval(),
                Clock.systemUTC()));
    leadership.add(scrub);
    for (ScrubPlace place : ScrubPlace.values()) {
      metrics.scrub(place, scrub.counters(place));
    }
  }

  /**
   * The directories whose files are placed in VM directories; they are made where they are not
   * there yet.
   *
   * @throws StartException when one cannot be made
   */
  static List<Path> placedFrom(NodeConfig config, BlobStore store) throws StartException {
    List<Path> directories = new ArrayList<>();
    if (config.storage().kind() == StorageKind.LOCAL) {
      directories.add(store.stagingDirectory());
    }
    if (isNeeded(config)) {
      try {
        directories.add(Files.createDirectories(config.storage().cache().directory()));
      } catch (IOException e) {
        throw new StartException("CACHE_DIR: " + e, e);
      }
    }
    return directories;
  }

  private static BlobCache open(NodeConfig config, RaftNode raft) throws StartException {
    NodeConfig.Storage storage = config.storage();
    BlobCacheOptions options =
        BlobCacheOptions.of(
            storage.cache().directory(),
            storage.cache().maxBytes(),
            storage.cache().fetches(),
            storage.cache().fetchTimeout());
    try {
      return BlobCache.open(options, LocalCopies.leased(raft), Clock.systemUTC());
    } catch (BlobStoreUnavailableException e) {
      throw new StartException("CACHE_DIR: " + e.getMessage(), e);
    }
  }
}
