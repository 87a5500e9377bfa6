package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.ImportedLease;
import java.util.Random;

/**
 * Imports of the assets and leases that {@link RandomCommands} registers and takes, the same ones
 * and others.
 */
final class RandomImports {
  private final Random random;

  RandomImports(Random random) {
    this.random = random;
  }

  Command.Builder assets() {
    ImportAssets.Builder command = ImportAssets.newBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      ImportAssets.Item.Builder item = command.addItemsBuilder();
      if (random.nextInt(12) == 0) {
        item.setRefused(
            ImportResult.newBuilder()
                .setVerdict(ImportResult.Verdict.VERDICT_SKIPPED)
                .setReason(ImportResult.Reason.REASON_BLOB_MISSING));
      } else {
        item.setAsset(asset()).setInUse(random.nextBoolean()).setUnverified(random.nextInt(8) == 0);
      }
    }
    return Command.newBuilder().setImportAssets(command);
  }

  private Asset.Builder asset() {
    int number = random.nextInt(8);
    int content = number % 3;
    String checksum = String.valueOf((char) ('a' + content)).repeat(64);
    Asset.Builder asset =
        Asset.newBuilder()
            .setId("asset-" + number)
            .setName("asset " + number)
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
            .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
            .setLocation(
                random.nextInt(3) == 0
                    ? checksum.substring(0, 2) + "/" + checksum
                    : "outside/" + random.nextInt(5))
            .setSizeBytes(100L + content)
            .setChecksum(checksum)
            .setCreatedAt(TestRegistry.START - 100)
            .setLastAccessedAt(TestRegistry.START + random.nextInt(200) - 100)
            .putLabels("k", "v" + number % 2);
    switch (random.nextInt(30)) {
      case 0 -> asset.clearId();
      case 1 -> asset.clearType();
      case 2 -> asset.clearChecksum().clearSizeBytes();
      case 3 -> asset.setName("another");
      case 4 -> asset.putLabels("docker_image", "image-" + random.nextInt(2));
      case 5, 6, 7 -> asset.setStatus(AssetStatus.ASSET_STATUS_ERROR);
      case 8 -> asset.clearLastAccessedAt();
      default -> {
        // as it is registered
      }
    }
    return asset;
  }

  Command.Builder leases() {
    ImportLeases.Builder command = ImportLeases.newBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      command.addItemsBuilder().setLease(lease());
    }
    return Command.newBuilder().setImportLeases(command);
  }

  private ImportedLease.Builder lease() {
    int number = random.nextInt(20);
    ImportedLease.Builder lease =
        ImportedLease.newBuilder()
            .setId("lease-" + number)
            .setAssetId("asset-" + number % 8)
            .setAcquiredBy("vm-" + number % 3)
            .setAcquiredAt(TestRegistry.START - 50);
    if (random.nextInt(3) > 0) {
      lease.setTtlMillis(60_000).setRemainingMillis(1 + random.nextInt(40_000));
    }
    switch (random.nextInt(20)) {
      case 0 -> lease.clearId();
      case 1 -> lease.setAcquiredAt(TestRegistry.START);
      case 2 -> lease.setTtlMillis(1000).setRemainingMillis(0);
      case 3 -> lease.setAssetId("asset-none");
      default -> {
        // like every other one
      }
    }
    return lease;
  }
}
