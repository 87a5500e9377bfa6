package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import dev.assetmanagerd.storage.cache.PinnedBlobs;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Where a node gets the bytes of assets whose store has no files on its host.
 *
 * @param cache keeps them on the host; empty where the node has none
 * @param others readers of backends beside the configured store
 * @param peers sources that are asked before the store, for a digest
 */
public record LocalCopies(
    Optional<LocalBlobs> cache,
    Map<StorageBackend, BlobReader> others,
    Function<Sha256, List<BlobSource>> peers) {
  public LocalCopies {
    others = Map.copyOf(others);
  }

  /** For a node whose store has all files on its host. */
  public static LocalCopies none() {
    return new LocalCopies(Optional.empty(), Map.of(), digest -> List.of());
  }

  /** What must stay in the cache: the bytes of leased assets, as far as this node knows. */
  public static PinnedBlobs leased(ReplicatedRegistry registry) {
    return digests -> {
      List<String> checksums = digests.stream().map(Sha256::hex).toList();
      return registry.query(view -> view.leasedChecksums(checksums)).stream()
          .map(Sha256::new)
          .collect(Collectors.toUnmodifiableSet());
    };
  }

  /** All readers, with that of the configured store. */
  Map<StorageBackend, BlobReader> readers(StorageBackend configured, BlobReader store) {
    Map<StorageBackend, BlobReader> readers = new HashMap<>(others);
    readers.put(configured, store);
    return Map.copyOf(readers);
  }
}
