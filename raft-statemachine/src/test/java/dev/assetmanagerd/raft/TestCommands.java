package dev.assetmanagerd.raft;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.ReleaseAsset;

/** Commands as a node's services make them, before the leader has filled anything in. */
final class TestCommands {
  private TestCommands() {}

  static Command register(String id) {
    return Command.newBuilder()
        .setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset(id)))
        .build();
  }

  static Asset asset(String id) {
    return Asset.newBuilder()
        .setId(id)
        .setName("name of " + id)
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
        .setLocation("blobs/" + id)
        .setSizeBytes(4096)
        .setChecksum("ab".repeat(32))
        .setCreatedBy("tester")
        .build();
  }

  static Command acquire(String assetId, long ttlSeconds) {
    return Command.newBuilder()
        .setAcquireAsset(
            AcquireAsset.newBuilder()
                .setAssetId(assetId)
                .setAcquiredBy("vm-1")
                .setTtlSeconds(ttlSeconds))
        .build();
  }

  static Command release(String leaseId) {
    return Command.newBuilder()
        .setReleaseAsset(ReleaseAsset.newBuilder().setLeaseId(leaseId))
        .build();
  }
}
