package dev.assetmanagerd.registry;

import java.util.List;

/**
 * The step of the schema that brings uploads that go on after a cut.
 *
 * <pre>
 *   uploads ──&lt; upload_parts
 * </pre>
 *
 * <p>asset_id is '' while an upload is open; one that has become an asset has no parts, and is kept
 * for a time so that completing it again gives the same asset. expires_at is of the cluster clock.
 */
final class UploadSchema {
  static final List<String> STEP =
      List.of(
          // With a rowid: the metadata may be long.
          """
          CREATE TABLE uploads (
            id TEXT NOT NULL PRIMARY KEY,
            metadata BLOB NOT NULL,
            checksum TEXT NOT NULL,
            direct INTEGER NOT NULL CHECK (direct IN (0, 1)),
            max_bytes INTEGER NOT NULL CHECK (max_bytes >= 0),
            ttl_millis INTEGER NOT NULL CHECK (ttl_millis > 0),
            offset_bytes INTEGER NOT NULL CHECK (offset_bytes BETWEEN 0 AND max_bytes),
            parts INTEGER NOT NULL CHECK (parts >= 0),
            digest_state BLOB NOT NULL,
            expires_at INTEGER NOT NULL,
            asset_id TEXT NOT NULL
          ) STRICT
          """,
          "CREATE INDEX uploads_by_expiry ON uploads (expires_at, id)",
          "CREATE INDEX uploads_open ON uploads (expires_at) WHERE asset_id = ''",
          """
          CREATE TABLE upload_parts (
            upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
            offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
            size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
            part_id TEXT NOT NULL,
            PRIMARY KEY (upload_id, offset_bytes)
          ) STRICT, WITHOUT ROWID
          """);

  private UploadSchema() {}
}
