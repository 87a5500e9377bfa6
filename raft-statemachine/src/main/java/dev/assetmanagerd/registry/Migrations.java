package dev.assetmanagerd.registry;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The schema, as the ordered steps that lead to it, each of which belongs to a {@link FormatLevels
 * format level}. A step that was released is never edited; a change of the schema is a new step of
 * a level that is not released yet.
 *
 * <p>Opening a registry takes it through the steps of {@link FormatLevels#BASE} and no further:
 * only the command that raises the level runs those of a higher one, in the transaction in which it
 * is applied. They must therefore depend on the tables and on nothing else, and may not need a
 * pragma that has no effect within a transaction, as foreign_keys has none: references are enforced
 * while they run.
 *
 * <pre>
 *   assets ──&lt; asset_labels    labels, with a copy of the asset's listing key and type
 *      └─────&lt; leases
 *   label_counts, type_counts  how many assets carry a label, are of a type; derived, by triggers
 *   sessions ──&lt; leases        a lease lives by itself or with the session of its host
 *   released_leases, replies   what is remembered for an hour, so that repeating is safe
 *   progress                   one row: applied position, cluster clock
 *   for blobs and builds       see {@link BlobSchema}, for uploads {@link UploadSchema}
 * </pre>
 *
 * <p>Enumerations are stored as their protocol numbers: status 2 is AVAILABLE, 3 is DELETING.
 * created_at, last_accessed_at and acquired_at are Unix seconds for people; expires_at is
 * milliseconds of the cluster clock, null for a lease without an end of its own. released_at and
 * recorded_at are of the cluster clock, too.
 */
final class Migrations {
  /** Marks the file as a registry ("amdr"), so that no other SQLite file is taken for one. */
  static final int APPLICATION_ID = 0x616d6472;

  private static final List<String> FIRST =
      List.of(
          """
          CREATE TABLE progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            applied_term INTEGER NOT NULL,
            applied_index INTEGER NOT NULL,
            cluster_time_millis INTEGER NOT NULL CHECK (cluster_time_millis >= 0)
          ) STRICT
          """,
          "INSERT INTO progress VALUES (1, 0, -1, 0)",
          // With a rowid: its rows are too long for a tree of which inner pages hold whole rows.
          """
          CREATE TABLE assets (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            type INTEGER NOT NULL,
            status INTEGER NOT NULL,
            backend INTEGER NOT NULL,
            location TEXT NOT NULL,
            size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
            checksum TEXT NOT NULL,
            created_by TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            last_accessed_at INTEGER NOT NULL,
            lease_count INTEGER NOT NULL CHECK (lease_count >= 0),
            build_id TEXT NOT NULL,
            source_image TEXT NOT NULL,
            CHECK (status <> 3 OR lease_count = 0)
          ) STRICT
          """,
          "CREATE INDEX assets_listing ON assets (created_at, id) WHERE status <> 3",
          "CREATE INDEX assets_listing_by_type ON assets (type, created_at, id) WHERE status <> 3",
          // Small: hardly any asset is in another status than AVAILABLE for long.
          "CREATE INDEX assets_by_rare_status ON assets (status, created_at, id) WHERE status <> 2",
          "CREATE INDEX assets_deleting ON assets (id) WHERE status = 3",
          "CREATE INDEX assets_by_location ON assets (location, backend, status)",
          """
          CREATE TABLE asset_labels (
            asset_id TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            type INTEGER NOT NULL,
            PRIMARY KEY (asset_id, key)
          ) STRICT, WITHOUT ROWID
          """,
          """
          CREATE INDEX asset_labels_listing ON asset_labels (key, value, created_at, asset_id, type)
          """,
          """
          CREATE TABLE label_counts (
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            assets INTEGER NOT NULL CHECK (assets >= 0),
            PRIMARY KEY (key, value)
          ) STRICT, WITHOUT ROWID
          """,
          """
          CREATE TRIGGER asset_labels_counted AFTER INSERT ON asset_labels
          BEGIN
            INSERT INTO label_counts (key, value, assets) VALUES (NEW.key, NEW.value, 1)
              ON CONFLICT (key, value) DO UPDATE SET assets = assets + 1;
          END
          """,
          """
          CREATE TRIGGER asset_labels_discounted AFTER DELETE ON asset_labels
          BEGIN
            UPDATE label_counts SET assets = assets - 1 WHERE key = OLD.key AND value = OLD.value;
            DELETE FROM label_counts WHERE key = OLD.key AND value = OLD.value AND assets = 0;
          END
          """,
          """
          CREATE TABLE type_counts (
            type INTEGER PRIMARY KEY,
            assets INTEGER NOT NULL CHECK (assets >= 0)
          ) STRICT
          """,
          """
          CREATE TRIGGER assets_counted AFTER INSERT ON assets
          BEGIN
            INSERT INTO type_counts (type, assets) VALUES (NEW.type, 1)
              ON CONFLICT (type) DO UPDATE SET assets = assets + 1;
          END
          """,
          """
          CREATE TRIGGER assets_discounted AFTER DELETE ON assets
          BEGIN
            UPDATE type_counts SET assets = assets - 1 WHERE type = OLD.type;
          END
          """,
          """
          CREATE TABLE leases (
            id TEXT NOT NULL PRIMARY KEY,
            asset_id TEXT NOT NULL REFERENCES assets (id) ON DELETE RESTRICT,
            acquired_by TEXT NOT NULL,
            acquired_at INTEGER NOT NULL,
            expires_at INTEGER
          ) STRICT, WITHOUT ROWID
          """,
          "CREATE INDEX leases_by_asset ON leases (asset_id, expires_at)",
          "CREATE INDEX leases_by_expiry ON leases (expires_at, id) WHERE expires_at IS NOT NULL",
          """
          CREATE TRIGGER leases_hold_available_assets_only BEFORE INSERT ON leases
          WHEN (SELECT status FROM assets WHERE id = NEW.asset_id) IS NOT 2
          BEGIN
            SELECT RAISE(ABORT, 'a lease on an asset that is not AVAILABLE');
          END
          """);

  private static final List<String> LEASES_AND_REPLIES =
      List.of(
          "ALTER TABLE progress ADD COLUMN clock_term INTEGER NOT NULL DEFAULT 0",
          "ALTER TABLE progress ADD COLUMN clock_reading INTEGER NOT NULL DEFAULT 0",
          """
          CREATE TABLE sessions (
            id TEXT NOT NULL PRIMARY KEY,
            host TEXT NOT NULL,
            opened_at INTEGER NOT NULL,
            ttl_millis INTEGER NOT NULL CHECK (ttl_millis > 0),
            grace_millis INTEGER NOT NULL CHECK (grace_millis >= 0),
            expires_at INTEGER NOT NULL,
            lease_count INTEGER NOT NULL DEFAULT 0 CHECK (lease_count >= 0)
          ) STRICT, WITHOUT ROWID
          """,
          "CREATE INDEX sessions_by_expiry ON sessions (expires_at, id)",
          "ALTER TABLE leases ADD COLUMN ttl_millis INTEGER NOT NULL DEFAULT 0",
          // What was left of it is all that is known of the lifetime of an older lease.
          """
          UPDATE leases SET ttl_millis =
            max(1000, expires_at - (SELECT cluster_time_millis FROM progress))
            WHERE expires_at IS NOT NULL
          """,
          """
          ALTER TABLE leases ADD COLUMN session_id TEXT REFERENCES sessions (id) ON DELETE RESTRICT
            CHECK (session_id IS NULL OR expires_at IS NULL)
          """,
          "CREATE INDEX leases_by_holder ON leases (acquired_by, id)",
          "CREATE INDEX leases_by_session ON leases (session_id, id) WHERE session_id IS NOT NULL",
          """
          CREATE TRIGGER leases_counted AFTER INSERT ON leases WHEN NEW.session_id IS NOT NULL
          BEGIN
            UPDATE sessions SET lease_count = lease_count + 1 WHERE id = NEW.session_id;
          END
          """,
          """
          CREATE TRIGGER leases_discounted AFTER DELETE ON leases WHEN OLD.session_id IS NOT NULL
          BEGIN
            UPDATE sessions SET lease_count = lease_count - 1 WHERE id = OLD.session_id;
          END
          """,
          """
          CREATE TRIGGER leases_moved AFTER UPDATE OF session_id ON leases
          BEGIN
            UPDATE sessions SET lease_count = lease_count - 1 WHERE id = OLD.session_id;
            UPDATE sessions SET lease_count = lease_count + 1 WHERE id = NEW.session_id;
          END
          """,
          """
          CREATE TABLE released_leases (
            lease_id TEXT NOT NULL PRIMARY KEY,
            asset_id TEXT NOT NULL,
            released_at INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID
          """,
          "CREATE INDEX released_leases_by_age ON released_leases (released_at, lease_id)",
          // With a rowid: an outcome may be long.
          """
          CREATE TABLE replies (
            key TEXT NOT NULL PRIMARY KEY,
            fingerprint BLOB NOT NULL,
            outcome BLOB NOT NULL,
            recorded_at INTEGER NOT NULL
          ) STRICT
          """,
          "CREATE INDEX replies_by_age ON replies (recorded_at, key)");

  private static final List<String> CHECKSUMS =
      List.of("CREATE INDEX assets_by_checksum ON assets (checksum)");

  /** Step n leads from schema version n to n + 1; the last one to the base level. */
  private static final List<List<String>> BASE_STEPS =
      List.of(FIRST, LEASES_AND_REPLIES, BlobSchema.STEP, UploadSchema.STEP, CHECKSUMS);

  /** By the level that they lead to from the one below. */
  private static final Map<Integer, List<List<String>>> RAISING = Map.of(3, LevelThreeSchema.STEPS);

  private final Sql sql;

  Migrations(Sql sql) {
    this.sql = sql;
  }

  /**
   * The schema version of a registry at a level: one for each, so that a program that does not know
   * the level refuses the file, also where the level has no steps.
   */
  static int version(int level) {
    return BASE_STEPS.size() + level - FormatLevels.BASE;
  }

  /** The level that a registry is at. */
  int level() {
    return level(sql);
  }

  /** The same, for a reading connection: of its snapshot. */
  static int level(Sql sql) {
    int version = Math.toIntExact(sql.integer("PRAGMA user_version"));
    return FormatLevels.BASE + Math.max(0, version - BASE_STEPS.size());
  }

  /** Raises the registry, within the open transaction, from one level to another. */
  void raise(int from, int to) {
    for (int level = from + 1; level <= to; level++) {
      List<List<String>> steps = RAISING.get(level);
      if (steps == null) {
        throw new RegistryException("this program does not know format level " + level);
      }
      steps.forEach(step -> step.forEach(sql::execute));
      sql.execute("PRAGMA user_version = " + version(level));
    }
  }

  /**
   * Brings a file to the base level, if it is not there yet, in one transaction: a file is at a
   * level that a node can work with, or has nothing in it.
   */
  static void migrate(Sql sql, Path file) {
    int found = Math.toIntExact(knownVersion(sql, file));
    if (found >= BASE_STEPS.size()) {
      return;
    }
    sql.execute("BEGIN IMMEDIATE");
    try {
      BASE_STEPS.subList(found, BASE_STEPS.size()).forEach(step -> step.forEach(sql::execute));
      sql.execute("PRAGMA application_id = " + APPLICATION_ID);
      sql.execute("PRAGMA user_version = " + BASE_STEPS.size());
      sql.execute("COMMIT");
    } catch (RegistryException e) {
      sql.rollback();
      throw new RegistryException("cannot bring " + file + " to schema " + BASE_STEPS.size(), e);
    }
  }

  /**
   * The schema version of a file, 0 for an empty one.
   *
   * @throws RegistryException when it is of a level that this program does not know, or not a
   *     registry at all
   */
  static long knownVersion(Sql sql, Path file) {
    long application = sql.integer("PRAGMA application_id");
    long version = sql.integer("PRAGMA user_version");
    boolean empty = version == 0 && sql.integer("SELECT count(*) FROM sqlite_schema") == 0;
    if (!empty && application != APPLICATION_ID) {
      throw new RegistryException(file + " is not a registry database");
    }
    if (version > version(FormatLevels.HIGHEST)) {
      throw new RegistryException(
          ("%s is at format level %d (schema %d), but this program knows levels %d to %d; start a"
                  + " newer one")
              .formatted(file, level(sql), version, FormatLevels.BASE, FormatLevels.HIGHEST));
    }
    return version;
  }
}
