package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.cache.LocalBlob;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The bytes of assets as files on this host. Thread-safe; blocks for I/O. */
final class AssetFiles {
  private final BlobReader blobs;

  AssetFiles(BlobReader blobs) {
    this.blobs = blobs;
  }

  /**
   * The file with the bytes of an asset; it stays until the answer is closed. The caller sees to it
   * that the asset is not deleted meanwhile.
   *
   * @param timeout how long the caller waits for bytes that have to be fetched
   */
  LocalBlob hold(Asset asset, Duration timeout) throws IOException {
    Optional<BlobStat> stat = blobs.stat(asset.getLocation());
    if (stat.isEmpty()) {
      throw ApiErrors.dataLoss("asset " + asset.getId() + ": its bytes are not in storage");
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
    Path file =
        blobs
            .localFile(asset.getLocation())
            .orElseThrow(
                () ->
                    ApiErrors.failedPrecondition(
                        "asset " + asset.getId() + ": its store has no files on this host"));
    return new FileOfStore(file);
  }

  /** A file of the store itself, which nobody evicts. */
  private record FileOfStore(Path path) implements LocalBlob {
    @Override
    public void close() {}
  }
}
