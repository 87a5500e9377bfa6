package dev.assetmanagerd.config;

import java.time.Duration;
import java.util.List;

/** The options about backups. */
final class BackupOptions {
  static final Option<BackupLocation> BACKUP_LOCATION =
      Option.of(
          "BACKUP_LOCATION",
          BackupLocation.TYPE,
          null,
          "Where the leader puts backups: `file:///dir`, a directory that all nodes see, or"
              + " `s3://bucket/prefix`, reached with the S3 options of the store. Not set: nowhere.");
  static final Option<Duration> BACKUP_INTERVAL =
      Option.of(
          "BACKUP_INTERVAL",
          Durations.WHOLE_SECONDS,
          "24h",
          "How often the leader makes one, where BACKUP_LOCATION is set. `0s`: never by itself.");
  static final Option<Integer> BACKUP_KEEP =
      Option.of(
          "BACKUP_KEEP",
          OptionTypes.integer("number", 1, 500),
          "7",
          "How many of them are kept; the oldest goes first.");

  static final List<Option<?>> ALL = List.of(BACKUP_LOCATION, BACKUP_INTERVAL, BACKUP_KEEP);

  private BackupOptions() {}
}
