package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.BeginBackup;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CompleteBackup;
import dev.assetmanagerd.log.v1.ForgetBackup;
import dev.assetmanagerd.log.v1.TendBackups;

/** Commands about backups as those who make and look after them do. */
final class BackupTestCommands {
  static final long PENDING_MILLIS = 60_000;

  private BackupTestCommands() {}

  /** One that the cluster looks after. */
  static Command begin(String id) {
    return begin(id, "file:///backups/" + id, 0);
  }

  static Command begin(String id, String location, long keepMillis) {
    return Command.newBuilder()
        .setBeginBackup(
            BeginBackup.newBuilder()
                .setBackupId(id)
                .setLineage("first")
                .setLocation(location)
                .setKeepMillis(keepMillis)
                .setPendingMillis(PENDING_MILLIS))
        .build();
  }

  static Command complete(String id) {
    return Command.newBuilder()
        .setCompleteBackup(
            CompleteBackup.newBuilder()
                .setBackupId(id)
                .setLogTerm(1)
                .setLogIndex(7)
                .setSizeBytes(1000)
                .setSha256("cd".repeat(32))
                .setStateHash("ef".repeat(32)))
        .build();
  }

  static Command forget(String id, boolean fileGone) {
    return Command.newBuilder()
        .setForgetBackup(ForgetBackup.newBuilder().setBackupId(id).setFileGone(fileGone))
        .build();
  }

  static Command tend(int limit) {
    return tend(limit, "first");
  }

  static Command tend(int limit, String lineage) {
    return Command.newBuilder()
        .setTendBackups(TendBackups.newBuilder().setLimit(limit).setLineage(lineage))
        .build();
  }
}
