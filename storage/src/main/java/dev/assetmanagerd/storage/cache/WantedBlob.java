package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.util.List;

/**
 * A blob that somebody needs as a file.
 *
 * @param digest of its bytes
 * @param sizeBytes their number
 * @param sources where it may be had, the one to try first first
 */
public record WantedBlob(Sha256 digest, long sizeBytes, List<BlobSource> sources) {
  public WantedBlob {
    sources = List.copyOf(sources);
  }
}
