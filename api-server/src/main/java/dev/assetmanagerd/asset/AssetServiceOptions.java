package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.StorageBackend;
import java.time.Duration;

/**
 * How the asset service behaves on this node.
 *
 * @param backend what the configured blob store is recorded as
 * @param maxAssetBytes largest asset that is taken in
 * @param defaultDeadline for calls whose caller sent none; the transfer of an upload's bytes does
 *     not count
 * @param uploadIdleTimeout an upload whose client sends nothing for this long is ended, and a
 *     download whose client takes nothing
 * @param maxUploads uploads that run at the same time on this node; more are refused
 * @param garbage what garbage collection does
 * @param prepare how assets get into the directories of VMs
 * @param leases how long leases and sessions live
 */
public record AssetServiceOptions(
    StorageBackend backend,
    long maxAssetBytes,
    Duration defaultDeadline,
    Duration uploadIdleTimeout,
    int maxUploads,
    GarbageOptions garbage,
    PrepareOptions prepare,
    LeaseLimits leases) {
  /** The defaults of a node with a local store. */
  public static AssetServiceOptions defaults() {
    return new AssetServiceOptions(
        StorageBackend.STORAGE_BACKEND_LOCAL,
        10L << 30,
        Duration.ofSeconds(30),
        Duration.ofMinutes(2),
        64,
        GarbageOptions.defaults(),
        PrepareOptions.defaults(),
        LeaseLimits.defaults());
  }
}
