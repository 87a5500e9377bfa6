package dev.assetmanagerd.build;

import dev.assetmanagerd.api.v1.Asset;
import java.io.IOException;

/** Adds records for files that are in the blob store already. Thread-safe. */
@FunctionalInterface
public interface ArtifactRegistrar {
  /**
   * Registers an asset of the configured store, after its bytes were read. Blocks until it is
   * there.
   *
   * @param wanted id, name, type, location, labels and origin; size 0 and an empty checksum are
   *     taken from storage, others have to be those in storage
   * @param term in which this node leads; nothing is registered in any other
   * @return the asset as it is registered; the existing one where the same was there before
   * @throws io.grpc.StatusRuntimeException why it was refused
   */
  Asset register(Asset wanted, long term) throws IOException;
}
