package dev.assetmanagerd.backup;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** A registry with some assets and leases, and backups of it. */
final class SampleRegistry implements AutoCloseable {
  static final BackupCopy.Origin ORIGIN = new BackupCopy.Origin("testing", "", "1.2.3");
  static final Instant MADE_AT = Instant.parse("2026-11-23T12:00:00Z");
  static final String ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ";

  private final Path directory;
  final RegistryDatabase database;

  SampleRegistry(Path directory, int assets) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.database = RegistryDatabase.open(directory.resolve("live.db"));
    LogEntry.Builder entry =
        LogEntry.newBuilder().setFormatLevel(2).setTerm(7).setWallTimeMillis(1_700_000_000_000L);
    for (int i = 0; i < assets; i++) {
      entry.addCommands(register(i));
      entry.addCommands(
          Command.newBuilder()
              .setAcquireAsset(
                  AcquireAsset.newBuilder()
                      .setAssetId("a-" + i)
                      .setLeaseId("l-" + i)
                      .setAcquiredBy("vm")));
    }
    RegistryWriter writer = database.writer();
    writer.begin();
    writer.apply(entry.build());
    writer.commit(new LogPosition(7, 41));
  }

  private static Command register(int i) {
    return Command.newBuilder()
        .setRegisterAsset(
            RegisterAsset.newBuilder()
                .setAsset(
                    Asset.newBuilder()
                        .setId("a-" + i)
                        .setName("asset " + i)
                        .setType(AssetType.ASSET_TYPE_ROOTFS)
                        .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
                        .setLocation("blobs/" + i / 2) // two of them share one
                        .setSizeBytes(1000)
                        .setChecksum("ab".repeat(32))))
        .build();
  }

  BackupCopy copy() throws IOException {
    return BackupCopy.take(
        ID, ORIGIN, database::copyTo, MADE_AT, Files.createTempDirectory(directory, "copy"));
  }

  byte[] backup() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    copy().write(out);
    return out.toByteArray();
  }

  @Override
  public void close() {
    database.close();
  }
}
