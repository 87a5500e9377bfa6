package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.registry.BlobRef;
import dev.assetmanagerd.registry.RegistryView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What else needs the blob of an asset. */
final class SharedBlobs {
  private SharedBlobs() {}

  static BlobRef of(Asset asset) {
    return new BlobRef(asset.getBackend(), asset.getLocation());
  }

  /**
   * Bytes of the blobs that would go if these assets went: each once, and none that another asset
   * or a running upload needs.
   *
   * @param going assets that are not DELETING, each once
   */
  static long bytesFreed(RegistryView view, List<Asset> going) {
    Map<BlobRef, Integer> counts = new HashMap<>();
    long bytes = 0;
    for (Asset asset : going) {
      BlobRef blob = of(asset);
      if (blob.backend() == StorageBackend.STORAGE_BACKEND_HTTP) {
        continue; // what is outside is nobody's to delete here
      }
      // The blob goes with the last of its assets.
      if (counts.merge(blob, 1, Integer::sum) == references(view, blob) && !reserved(view, blob)) {
        bytes = Math.addExact(bytes, asset.getSizeBytes());
      }
    }
    return bytes;
  }

  /** Number of assets that need the blob. */
  static int references(RegistryView view, BlobRef blob) {
    return view.liveReferences(blob.backend(), blob.location());
  }

  /** Whether a running upload needs the blob. */
  static boolean reserved(RegistryView view, BlobRef blob) {
    return view.isReserved(blob.backend(), blob.location());
  }
}
