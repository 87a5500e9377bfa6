package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.BackupChanged;
import dev.assetmanagerd.log.v1.BackupForgotten;
import dev.assetmanagerd.log.v1.BackupsTended;
import dev.assetmanagerd.log.v1.BeginBackup;
import dev.assetmanagerd.log.v1.CompleteBackup;
import dev.assetmanagerd.log.v1.ForgetBackup;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.TendBackups;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The catalogue of backups: what is being made, what is kept, what is on its way out. */
final class BackupCommands {
  /** More than anybody keeps; it bounds what a list of them has. */
  static final int BACKUPS_MAX = 1_000;

  private static final int TENDED_MAX = 10_000;

  private static final String COUNT = "SELECT count(*) FROM backups";
  private static final String NEXT_NUMBER =
      "SELECT 1 + max(coalesce((SELECT max(number) FROM backups), 0),"
          + " coalesce((SELECT max(last_backup) FROM kept_blobs), 0))";
  private static final String BEGIN =
      """
      INSERT INTO backups (number, id, state, lineage, location, keep_millis, expires_at, begun_at,
          completed_at, log_term, log_index, size_bytes, sha256, state_hash)
        VALUES (?, ?, 1, ?, ?, ?, ?, ?, 0, 0, 0, 0, '', '')
      """;
  private static final String COMPLETE =
      """
      UPDATE backups SET state = 2, expires_at = ?, completed_at = ?, log_term = ?, log_index = ?,
          size_bytes = ?, sha256 = ?, state_hash = ? WHERE id = ?
      """;
  private static final String FORGETTING =
      "UPDATE backups SET state = 3, expires_at = NULL WHERE id = ?";
  private static final String REMOVE = "DELETE FROM backups WHERE id = ?";
  private static final String RUN_OUT =
      "SELECT id, location <> '' AND lineage = ? FROM backups"
          + " WHERE state IN (1, 2) AND expires_at <= ? ORDER BY number LIMIT ?";

  private final Sql sql;
  private final BackupRows rows;
  private final KeptBlobs kept;

  BackupCommands(Sql sql) {
    this.sql = sql;
    this.rows = new BackupRows(sql);
    this.kept = new KeptBlobs(sql);
  }

  /**
   * One whose time is up.
   *
   * @param hasFile and that is ours to delete; those of other lives of the cluster are not
   */
  private record RunOut(String id, boolean hasFile) {}

  Outcome begin(BeginBackup command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    Optional<Backup> there = rows.find(command.getBackupId());
    if (there.isPresent()) {
      return there.get().getLocation().equals(command.getLocation())
          ? begun(there.get())
          : Outcomes.invalid(
              "backup_id", "the backup \"" + command.getBackupId() + "\" is kept elsewhere");
    }
    if (sql.integer(COUNT) >= BACKUPS_MAX) {
      return Outcomes.rejected(
          Rule.RULE_TOO_MANY_BACKUPS, "", BACKUPS_MAX + " backups are known; forget some first");
    }
    sql.updateOne(
        BEGIN,
        sql.integer(NEXT_NUMBER),
        command.getBackupId(),
        command.getLineage(),
        command.getLocation(),
        command.getKeepMillis(),
        ClusterTime.after(time.clockMillis(), command.getPendingMillis()),
        time.wallSeconds());
    return begun(required(command.getBackupId()));
  }

  private static @Nullable Outcome malformed(BeginBackup command) {
    if (command.getBackupId().isEmpty()) {
      return Outcomes.invalid("backup_id", "the backup has no id");
    }
    if (command.getKeepMillis() < 0) {
      return Outcomes.invalid("keep_millis", command.getKeepMillis() + " is negative");
    }
    if (command.getPendingMillis() <= 0) {
      return Outcomes.invalid("pending_millis", command.getPendingMillis() + " is not 1 or more");
    }
    return null;
  }

  /** Completing again changes nothing. One that is kept for no time is unknown at once. */
  Outcome complete(CompleteBackup command, EntryTime time) {
    Optional<Backup> found = rows.find(command.getBackupId());
    if (found.isEmpty() || found.get().getState() == Backup.State.STATE_FORGETTING) {
      return notFound(command.getBackupId());
    }
    if (command.getSizeBytes() < 0) {
      return Outcomes.invalid("size_bytes", command.getSizeBytes() + " is negative");
    }
    Backup backup = found.get();
    if (backup.getState() == Backup.State.STATE_COMPLETE) {
      return completed(backup);
    }
    boolean lookedAfter = !backup.getLocation().isEmpty();
    sql.updateOne(
        COMPLETE,
        lookedAfter ? null : ClusterTime.after(time.clockMillis(), backup.getKeepMillis()),
        time.wallSeconds(),
        command.getLogTerm(),
        command.getLogIndex(),
        command.getSizeBytes(),
        command.getSha256(),
        command.getStateHash(),
        backup.getId());
    Outcome outcome = completed(required(backup.getId()));
    if (!lookedAfter && backup.getKeepMillis() == 0) {
      sql.updateOne(REMOVE, backup.getId());
    }
    return outcome;
  }

  Outcome forget(ForgetBackup command) {
    Optional<Backup> found = rows.find(command.getBackupId());
    if (found.isEmpty()) {
      return notFound(command.getBackupId());
    }
    BackupForgotten.Builder forgotten = BackupForgotten.newBuilder();
    if (command.getFileGone() || found.get().getLocation().isEmpty()) {
      sql.updateOne(REMOVE, command.getBackupId());
    } else {
      sql.updateOne(FORGETTING, command.getBackupId());
      forgotten.setBackup(required(command.getBackupId()));
    }
    return Outcome.newBuilder().setBackupForgotten(forgotten).build();
  }

  Outcome tend(TendBackups command, EntryTime time) {
    int limit = command.getLimit();
    if (limit < 1 || limit > TENDED_MAX) {
      return Outcomes.invalid("limit", limit + " is not 1 to " + TENDED_MAX);
    }
    List<RunOut> runOut =
        sql.list(
            RUN_OUT,
            row -> new RunOut(row.text(1), row.small(2) == 1),
            command.getLineage(),
            time.clockMillis(),
            limit + 1);
    BackupsTended.Builder tended = BackupsTended.newBuilder().setMore(runOut.size() > limit);
    for (RunOut backup : runOut.subList(0, Math.min(limit, runOut.size()))) {
      sql.updateOne(backup.hasFile() ? FORGETTING : REMOVE, backup.id());
      tended.addBackupIds(backup.id());
    }
    KeptBlobs.Released released = kept.release(limit, time.clockMillis());
    return Outcome.newBuilder()
        .setBackupsTended(
            tended
                .setReleasedBlobs(released.released())
                .setCondemnedBlobs(released.condemned())
                .setMore(tended.getMore() || released.more()))
        .build();
  }

  private Backup required(String id) {
    return rows.find(id)
        .orElseThrow(() -> new RegistryException("backup " + id + " is gone as it is written"));
  }

  private static Outcome begun(Backup backup) {
    return Outcome.newBuilder()
        .setBackupBegun(BackupChanged.newBuilder().setBackup(backup))
        .build();
  }

  private static Outcome completed(Backup backup) {
    return Outcome.newBuilder()
        .setBackupCompleted(BackupChanged.newBuilder().setBackup(backup))
        .build();
  }

  private static Outcome notFound(String id) {
    return Outcomes.rejected(
        Rule.RULE_BACKUP_NOT_FOUND, "backup_id", "no backup has the id \"" + id + "\"");
  }
}
