package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ExpireLeases;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.PurgeAssets;
import dev.assetmanagerd.log.v1.RaiseFormatLevel;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.ReleaseAsset;
import dev.assetmanagerd.log.v1.TouchAssets;
import java.util.List;

/** Commands and entries as the leader makes them. */
final class Commands {
  private Commands() {}

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
        .setBuildId("build of " + id)
        .setSourceImage("image of " + id)
        .build();
  }

  static Command register(Asset asset) {
    return Command.newBuilder()
        .setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset))
        .build();
  }

  static Command register(String id) {
    return register(asset(id));
  }

  static Command acquire(String assetId, String leaseId, long ttlSeconds) {
    return Command.newBuilder()
        .setAcquireAsset(
            AcquireAsset.newBuilder()
                .setAssetId(assetId)
                .setLeaseId(leaseId)
                .setAcquiredBy("vm-1")
                .setTtlSeconds(ttlSeconds))
        .build();
  }

  static Command release(String leaseId) {
    return Command.newBuilder()
        .setReleaseAsset(ReleaseAsset.newBuilder().setLeaseId(leaseId))
        .build();
  }

  static Command mark(String... ids) {
    return mark(0, false, ids);
  }

  static Command mark(long minIdleSeconds, boolean endLeases, String... ids) {
    return Command.newBuilder()
        .setMarkDeleting(
            MarkDeleting.newBuilder()
                .addAllAssetIds(List.of(ids))
                .setMinIdleSeconds(minIdleSeconds)
                .setEndLeases(endLeases))
        .build();
  }

  static Command purge(String... ids) {
    return Command.newBuilder()
        .setPurgeAssets(PurgeAssets.newBuilder().addAllAssetIds(List.of(ids)))
        .build();
  }

  static Command expire(int limit) {
    return Command.newBuilder().setExpireLeases(ExpireLeases.newBuilder().setLimit(limit)).build();
  }

  static Command touch(String... ids) {
    return Command.newBuilder()
        .setTouchAssets(TouchAssets.newBuilder().addAllAssetIds(List.of(ids)))
        .build();
  }

  static Command raiseFormatLevel(int level) {
    return Command.newBuilder()
        .setRaiseFormatLevel(RaiseFormatLevel.newBuilder().setLevel(level))
        .build();
  }

  /** Stamped by the leader of term 1, when it has counted so many milliseconds. */
  static LogEntry entry(long wallSeconds, long readingMillis, List<Command> commands) {
    return LogEntry.newBuilder()
        .setFormatLevel(FormatLevels.neededBy(commands))
        .setWallTimeMillis(wallSeconds * 1000 + 999)
        .setTerm(1)
        .setClockReadingMillis(readingMillis)
        .addAllCommands(commands)
        .build();
  }
}
