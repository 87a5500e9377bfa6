package dev.assetmanagerd.server;

import dev.assetmanagerd.asset.LocalCopies;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.StorageKind;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The cache of a node, where its store has no files on the node's own host. */
final class NodeCache {
  private NodeCache() {}

  /**
   * Opens it.
   *
   * @throws StartException when its directory cannot be used
   */
  static LocalCopies copies(NodeConfig config, RaftNode raft, Metrics metrics, Closing parts)
      throws StartException {
    if (config.storage().kind() == StorageKind.LOCAL) {
      return LocalCopies.none();
    }
    BlobCache cache = parts.add(open(config, raft));
    metrics.cache(cache);
    return new LocalCopies(Optional.of(cache), Map.of(), digest -> List.of());
  }

  private static BlobCache open(NodeConfig config, RaftNode raft) throws StartException {
    NodeConfig.Storage storage = config.storage();
    BlobCacheOptions options =
        BlobCacheOptions.of(
            storage.cacheDirectory(),
            storage.maxCacheBytes(),
            storage.downloadConcurrency(),
            storage.downloadTimeout());
    try {
      return BlobCache.open(options, LocalCopies.leased(raft), Clock.systemUTC());
    } catch (BlobStoreUnavailableException e) {
      throw new StartException("CACHE_DIR: " + e.getMessage(), e);
    }
  }
}
