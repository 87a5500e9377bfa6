package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.Backup;
import java.util.List;
import java.util.Optional;

/** Reads the catalogue of backups. */
final class BackupRows {
  private static final String SELECT =
      "SELECT number, id, state, lineage, location, keep_millis, expires_at, begun_at,"
          + " completed_at, log_term, log_index, size_bytes, sha256, state_hash FROM backups";
  private static final String ALL = SELECT + " ORDER BY number";
  private static final String FIND = SELECT + " WHERE id = ?";
  private static final String ANYTHING =
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM backups) OR EXISTS (SELECT 1 FROM kept_blobs)";

  private final Sql sql;

  BackupRows(Sql sql) {
    this.sql = sql;
  }

  List<Backup> all() {
    return sql.list(ALL, BackupRows::fromRow);
  }

  Optional<Backup> find(String id) {
    return sql.first(FIND, BackupRows::fromRow, id);
  }

  boolean anything() {
    return sql.first(ANYTHING, row -> true).isPresent();
  }

  private static Backup fromRow(Row row) {
    return Backup.newBuilder()
        .setNumber(row.integer(1))
        .setId(row.text(2))
        .setStateValue(row.small(3))
        .setLineage(row.text(4))
        .setLocation(row.text(5))
        .setKeepMillis(row.integer(6))
        .setExpiresAtMillis(row.integer(7))
        .setBegunAt(row.integer(8))
        .setCompletedAt(row.integer(9))
        .setLogTerm(row.integer(10))
        .setLogIndex(row.integer(11))
        .setSizeBytes(row.integer(12))
        .setSha256(row.text(13))
        .setStateHash(row.text(14))
        .build();
  }
}
