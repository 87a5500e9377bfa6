package dev.assetmanagerd.backup;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether the blobs that a backup refers to are in the store, by name and size. Blobs of other
 * backends than the store's are passed over.
 *
 * @param checked how many were looked for
 * @param missing how many are not there, or have another size
 * @param locations of those, the first ones
 */
public record BlobCheck(long checked, long missing, List<String> locations) {
  private static final int LOCATIONS_MAX = 1_000;

  /** Looks for all of them. */
  public static BlobCheck of(UnpackedBackup backup, BlobReader store, StorageBackend backend)
      throws IOException {
    List<String> locations = new ArrayList<>();
    long[] counts = {0, 0};
    BlobList.read(
        backup.blobs(),
        blob -> {
          if (blob.blob().backend() == backend) {
            counts[0]++;
            if (!isThere(store, blob.blob().location(), blob.sizeBytes())) {
              counts[1]++;
              if (locations.size() < LOCATIONS_MAX) {
                locations.add(blob.blob().location());
              }
            }
          }
        });
    return new BlobCheck(counts[0], counts[1], List.copyOf(locations));
  }

  private static boolean isThere(BlobReader store, String location, long sizeBytes)
      throws IOException {
    try {
      Optional<BlobStat> found = store.stat(location);
      return found.isPresent() && found.get().sizeBytes() == sizeBytes;
    } catch (InvalidLocationException e) {
      return false;
    }
  }
}
