package dev.assetmanagerd.server;

import dev.assetmanagerd.asset.LocalCopies;
import dev.assetmanagerd.cluster.CachedBlobStreams;
import dev.assetmanagerd.cluster.PeerBlobs;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.StorageKind;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The cache of a node, where its store has no files on the node's own host. */
final class NodeCache {
  private final Optional<BlobCache> cache;
  private final boolean askPeers;

  private NodeCache(Optional<BlobCache> cache, boolean askPeers) {
    this.cache = cache;
    this.askPeers = askPeers;
  }

  /**
   * Opens it.
   *
   * @throws StartException when its directory cannot be used
   */
  static NodeCache open(NodeConfig config, RaftNode raft, Metrics metrics, Closing parts)
      throws StartException {
    if (config.storage().kind() == StorageKind.LOCAL) {
      return new NodeCache(Optional.empty(), false);
    }
    BlobCache cache = parts.add(open(config, raft));
    metrics.cache(cache);
    return new NodeCache(Optional.of(cache), config.storage().cache().peers());
  }

  /**
   * Where bytes come from that are not on this host.
   *
   * @param peers the other nodes
   */
  LocalCopies copies(PeerBlobs peers) {
    return cache.isPresent()
        ? new LocalCopies(
            Optional.of(cache.get()), Map.of(), askPeers ? peers::of : digest -> List.of())
        : LocalCopies.none();
  }

  /** What the other nodes may read. */
  CachedBlobStreams streams() {
    return new CachedBlobStreams(cache);
  }

  /**
   * The directory whose files are placed in VM directories; it is made where it is not there yet.
   *
   * @throws StartException when it cannot be made
   */
  static Path placedFrom(NodeConfig config, BlobStore store) throws StartException {
    if (config.storage().kind() == StorageKind.LOCAL) {
      return store.stagingDirectory();
    }
    try {
      return Files.createDirectories(config.storage().cache().directory());
    } catch (IOException e) {
      throw new StartException("CACHE_DIR: " + e, e);
    }
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
