package dev.assetmanagerd.registry;

import java.util.List;

/**
 * The step of the schema that brings reservations and tombstones of blobs, and builds.
 *
 * <pre>
 *   blob_reservations   blobs that somebody is about to store and register
 *   blob_tombstones     blobs on their way out (condemned) or out (gone), by name
 *   builds ──&lt; build_labels
 * </pre>
 *
 * <p>All times here but requested_at and changed_at are milliseconds of the cluster clock.
 */
final class BlobSchema {
  static final List<String> STEP =
      List.of(
          """
          CREATE TABLE blob_reservations (
            id TEXT NOT NULL PRIMARY KEY,
            backend INTEGER NOT NULL,
            location TEXT NOT NULL,
            checksum TEXT NOT NULL,
            size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
            expires_at INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID
          """,
          """
          CREATE INDEX blob_reservations_by_location
            ON blob_reservations (location, backend, expires_at)
          """,
          "CREATE INDEX blob_reservations_by_expiry ON blob_reservations (expires_at, id)",
          // content and number: of a name that is made of a checksum, else '' and 0. Kept apart so
          // that the next name to choose is one look-up, however many of them are in use.
          """
          CREATE TABLE blob_tombstones (
            location TEXT NOT NULL,
            backend INTEGER NOT NULL,
            state INTEGER NOT NULL CHECK (state IN (1, 2)),
            content TEXT NOT NULL,
            number INTEGER NOT NULL,
            forget_at INTEGER,
            PRIMARY KEY (location, backend),
            CHECK ((state = 1) = (forget_at IS NULL))
          ) STRICT, WITHOUT ROWID
          """,
          "CREATE INDEX blobs_condemned ON blob_tombstones (backend, location) WHERE state = 1",
          """
          CREATE INDEX blob_tombstones_by_content
            ON blob_tombstones (content, backend, number) WHERE number > 0
          """,
          """
          CREATE INDEX blob_tombstones_by_end
            ON blob_tombstones (forget_at, location, backend) WHERE forget_at IS NOT NULL
          """,
          """
          CREATE TABLE builds (
            key TEXT NOT NULL PRIMARY KEY,
            image TEXT NOT NULL,
            type INTEGER NOT NULL,
            suggested_asset_id TEXT NOT NULL,
            state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
            attempt INTEGER NOT NULL CHECK (attempt >= 0),
            build_id TEXT NOT NULL,
            asset_id TEXT NOT NULL,
            error TEXT NOT NULL,
            percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
            current_step TEXT NOT NULL,
            requested_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            deadline_millis INTEGER NOT NULL,
            not_before_millis INTEGER NOT NULL,
            since_millis INTEGER NOT NULL,
            failures INTEGER NOT NULL CHECK (failures >= 0)
          ) STRICT
          """,
          "CREATE INDEX builds_unfinished ON builds (since_millis, key) WHERE state < 4",
          "CREATE INDEX builds_by_suggestion ON builds (suggested_asset_id, key) WHERE state < 4",
          "CREATE INDEX builds_by_build_id ON builds (build_id, key) WHERE state < 4",
          "CREATE INDEX builds_by_image ON builds (image, key) WHERE state < 4",
          "CREATE INDEX builds_finished ON builds (since_millis, key) WHERE state >= 4",
          "CREATE INDEX builds_failed ON builds (not_before_millis) WHERE state = 5",
          // Role 1: what the result is labelled with; role 2: what it is looked for by.
          """
          CREATE TABLE build_labels (
            build_key TEXT NOT NULL REFERENCES builds (key) ON DELETE CASCADE,
            role INTEGER NOT NULL CHECK (role IN (1, 2)),
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (build_key, role, key)
          ) STRICT, WITHOUT ROWID
          """);

  private BlobSchema() {}
}
