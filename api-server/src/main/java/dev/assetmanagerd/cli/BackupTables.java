package dev.assetmanagerd.cli;

import dev.assetmanagerd.backup.v1.Backup;
import dev.assetmanagerd.backup.v1.BackupServiceGrpc;
import dev.assetmanagerd.backup.v1.BackupServiceGrpc.BackupServiceBlockingStub;
import io.grpc.Channel;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Backups for people to read, and where they are asked for. */
final class BackupTables {
  private static final String PREFIX = "STATE_";

  private BackupTables() {}

  static BackupServiceBlockingStub stub(Channel channel, NodeClient client) {
    return BackupServiceGrpc.newBlockingStub(channel)
        .withDeadline(client.deadline())
        .withMaxInboundMessageSize(RemoteCommand.Limits.MAX_RESPONSE_BYTES);
  }

  static Table of(List<Backup> backups) {
    Table table = new Table("ID", "STATE", "MADE", "INDEX", "SIZE", "KEPT", "LOCATION");
    for (Backup backup : backups) {
      long time = backup.getCompletedAt() == 0 ? backup.getBegunAt() : backup.getCompletedAt();
      table.add(
          backup.getId(),
          state(backup),
          Instant.ofEpochSecond(time).toString(),
          Long.toString(backup.getLogIndex()),
          Table.size(backup.getSizeBytes()),
          kept(backup),
          backup.getLocation().isEmpty() ? "(handed out)" : backup.getLocation());
    }
    return table;
  }

  private static String state(Backup backup) {
    String name = backup.getState().name();
    String state =
        name.startsWith(PREFIX) ? name.substring(PREFIX.length()).toLowerCase(Locale.ROOT) : name;
    return backup.getEarlierLife() ? state + ", before the restore" : state;
  }

  private static String kept(Backup backup) {
    if (backup.getExpiresInSeconds() == 0) {
      return "-";
    }
    Duration left = Duration.ofSeconds(backup.getExpiresInSeconds());
    return left.toHours() >= 1 ? left.toHours() + "h" : Math.max(1, left.toMinutes()) + "m";
  }
}
