package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.BeginBackup;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CompleteBackup;
import java.util.Random;

/** Commands about backups, of a few ids, so that they meet. */
final class RandomBackups {
  private static final int BACKUPS = 4;

  private final Random random;

  RandomBackups(Random random) {
    this.random = random;
  }

  Command.Builder begin() {
    return Command.newBuilder()
        .setBeginBackup(
            BeginBackup.newBuilder()
                .setBackupId(random.nextInt(30) == 0 ? "" : id())
                .setLineage(lineage())
                .setLocation(random.nextBoolean() ? "" : "place")
                .setKeepMillis(random.nextInt(30) == 0 ? -1 : random.nextInt(4) * 10_000L)
                .setPendingMillis(random.nextInt(30) == 0 ? 0 : 1 + random.nextInt(60_000)));
  }

  Command.Builder complete() {
    return Command.newBuilder()
        .setCompleteBackup(
            CompleteBackup.newBuilder()
                .setBackupId(id())
                .setLogIndex(random.nextInt(100))
                .setSizeBytes(random.nextInt(30) == 0 ? -1 : random.nextInt(1000)));
  }

  Command.Builder forget() {
    return BackupTestCommands.forget(id(), random.nextBoolean()).toBuilder();
  }

  Command.Builder tend() {
    return BackupTestCommands.tend(random.nextInt(5), lineage()).toBuilder();
  }

  private String id() {
    return "backup-" + random.nextInt(BACKUPS);
  }

  private String lineage() {
    return random.nextInt(4) == 0 ? "second" : "first";
  }
}
