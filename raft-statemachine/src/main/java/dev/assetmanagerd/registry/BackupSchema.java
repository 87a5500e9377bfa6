package dev.assetmanagerd.registry;

import java.util.List;

/**
 * The step of the schema that brings the catalogue of backups.
 *
 * <pre>
 *   backups      those that are being made, that are kept, and whose file is being deleted
 *   kept_blobs   blobs that no asset needs any more and that a backup may refer to
 * </pre>
 *
 * <p>state is the protocol's number: 1 PENDING, 2 COMPLETE, 3 FORGETTING. expires_at is of the
 * cluster clock, begun_at and completed_at are Unix seconds.
 *
 * <p>A blob is kept as of a number: no backup with a higher one can refer to it, for it was begun
 * later, unless an asset takes the blob up again; when that goes, the blob is kept anew.
 */
final class BackupSchema {
  /** The format level that brings it. */
  static final int LEVEL = 3;

  static final List<String> STEP =
      List.of(
          """
          CREATE TABLE backups (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
            lineage TEXT NOT NULL,
            location TEXT NOT NULL,
            keep_millis INTEGER NOT NULL CHECK (keep_millis >= 0),
            expires_at INTEGER,
            begun_at INTEGER NOT NULL,
            completed_at INTEGER NOT NULL,
            log_term INTEGER NOT NULL,
            log_index INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
            sha256 TEXT NOT NULL,
            state_hash TEXT NOT NULL
          ) STRICT
          """,
          """
          CREATE TABLE kept_blobs (
            location TEXT NOT NULL,
            backend INTEGER NOT NULL,
            last_backup INTEGER NOT NULL,
            PRIMARY KEY (location, backend)
          ) STRICT, WITHOUT ROWID
          """,
          "CREATE INDEX kept_blobs_by_backup ON kept_blobs (last_backup, location, backend)");

  private BackupSchema() {}
}
