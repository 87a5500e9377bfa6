package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import dev.assetmanagerd.storage.cache.WantedBlob;
import dev.assetmanagerd.storage.cache.WrongBytesException;
import dev.assetmanagerd.storage.http.HttpSourceException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The bytes of assets as files on this host: those of a local store where they are, all others from
 * the cache. Thread-safe; blocks for I/O.
 */
final class AssetFiles {
  private static final String BACKEND_PREFIX = "STORAGE_BACKEND_";

  private final Map<StorageBackend, BlobReader> readers;
  private final LocalCopies copies;

  /**
   * @param configured what the configured store is recorded as
   * @param store the configured store
   */
  AssetFiles(StorageBackend configured, BlobReader store, LocalCopies copies) {
    this.readers = copies.readers(configured, store);
    this.copies = copies;
  }

  /**
   * The file with the bytes of an asset; it stays until the answer is closed. The caller sees to it
   * that the asset is not deleted meanwhile.
   *
   * @param timeout how long the caller waits for bytes that have to be fetched
   */
  LocalBlob hold(Asset asset, Duration timeout) throws IOException {
    BlobReader store = reader(asset);
    Optional<LocalBlobs> cache = cacheFor(asset);
    return cache.isPresent()
        ? fromCache(cache.get(), store, asset, timeout)
        : fromStore(store, asset);
  }

  /** The file in the cache, where there is one; nothing is fetched for it. */
  Optional<LocalBlob> cached(Asset asset) throws IOException {
    Optional<LocalBlobs> cache = cacheFor(asset);
    return cache.isEmpty() || asset.getChecksum().isEmpty()
        ? Optional.empty()
        : cache.get().holdCached(new Sha256(asset.getChecksum()), asset.getSizeBytes());
  }

  /** Whether somebody has looked at all bytes of the file that {@link #hold} gives. */
  boolean isVerified(Asset asset) {
    return cacheFor(asset).isPresent();
  }

  /** The store that has the asset's bytes. */
  BlobReader reader(Asset asset) {
    BlobReader store = readers.get(asset.getBackend());
    if (store == null) {
      throw ApiErrors.failedPrecondition(
          "asset "
              + asset.getId()
              + ": this node is not configured to read from backend "
              + backendName(asset));
    }
    return store;
  }

  private Optional<LocalBlobs> cacheFor(Asset asset) {
    return asset.getBackend() == StorageBackend.STORAGE_BACKEND_LOCAL
        ? Optional.empty()
        : copies.cache();
  }

  private LocalBlob fromCache(LocalBlobs cache, BlobReader store, Asset asset, Duration timeout)
      throws IOException {
    Sha256 digest = new Sha256(asset.getChecksum());
    List<BlobSource> sources = new ArrayList<>(copies.peers().apply(digest));
    sources.add(new StoreSource(backendName(asset), store, asset.getLocation()));
    try {
      return cache.hold(new WantedBlob(digest, asset.getSizeBytes(), sources), timeout);
    } catch (NoSuchFileException e) {
      throw missing(asset);
    } catch (WrongBytesException e) {
      throw ApiErrors.dataLoss("asset " + asset.getId() + ": " + e.getMessage());
    } catch (IOException e) {
      throw explained(asset, e);
    }
  }

  /** Of sources outside the operator and the caller have to know more than of the own store. */
  private static IOException explained(Asset asset, IOException failure) {
    String about = "asset " + asset.getId() + ": ";
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof HttpSourceException source) {
        throw source.kind() == HttpSourceException.Kind.CHANGED
            ? ApiErrors.dataLoss(about + source.getMessage())
            : ApiErrors.ofSource(about, source);
      }
      if (cause instanceof InvalidLocationException refused) {
        throw ApiErrors.failedPrecondition(
            about + "this node may not read it any more: " + refused.getMessage());
      }
    }
    return failure;
  }

  private static String backendName(Asset asset) {
    String name = asset.getBackend().name();
    return name.startsWith(BACKEND_PREFIX)
        ? name.substring(BACKEND_PREFIX.length()).toLowerCase(Locale.ROOT)
        : name;
  }

  /** The store does not have what the registry says it has. */
  static RuntimeException missing(Asset asset) {
    return ApiErrors.dataLoss("asset " + asset.getId() + ": its bytes are not in storage");
  }

  /** What the store knows of the asset's bytes, whose number is right. */
  static BlobStat stat(BlobReader store, Asset asset) throws IOException {
    Optional<BlobStat> stat = store.stat(asset.getLocation());
    if (stat.isEmpty()) {
      throw missing(asset);
    }
    if (stat.get().sizeBytes() != asset.getSizeBytes()) {
      throw ApiErrors.dataLoss(
          "asset "
              + asset.getId()
              + ": "
              + stat.get().sizeBytes()
              + " bytes are in storage, but "
              + asset.getSizeBytes()
              + " were registered");
    }
    return stat.get();
  }

  private static LocalBlob fromStore(BlobReader store, Asset asset) throws IOException {
    var unused = stat(store, asset);
    Path file =
        store
            .localFile(asset.getLocation())
            .orElseThrow(
                () ->
                    ApiErrors.failedPrecondition(
                        "asset "
                            + asset.getId()
                            + ": its store has no files on this host, and this node has no cache"));
    return new FileOfStore(file);
  }

  /** A file of the store itself, which nobody evicts. */
  private record FileOfStore(Path path) implements LocalBlob {
    @Override
    public void close() {}
  }
}
