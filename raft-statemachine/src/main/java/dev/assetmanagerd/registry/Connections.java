package dev.assetmanagerd.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/** Opens connections to a registry file, with the settings that each purpose needs. */
final class Connections {
  /** The writer waits only for a copy or a checkpoint: there is no other writer. */
  static final int WRITER_WAIT_MILLIS = 1_000;

  private Connections() {}

  /** Creates or migrates the file. The only connection that may change it. */
  static Sql writer(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new RegistryException("the directory of " + file + " does not exist");
    }
    Sql sql = Sql.open(file, true);
    try {
      sql.execute("PRAGMA busy_timeout = " + WRITER_WAIT_MILLIS);
      boolean created = Migrations.knownVersion(sql, file) == 0;
      expect(sql, "journal_mode", "PRAGMA journal_mode = WAL", "wal");
      sql.execute("PRAGMA synchronous = NORMAL");
      sql.execute("PRAGMA foreign_keys = ON");
      expect(sql, "foreign_keys", "PRAGMA foreign_keys", "1");
      sql.execute("PRAGMA cache_size = -65536");
      sql.execute("PRAGMA wal_autocheckpoint = 4000");
      sql.execute("PRAGMA journal_size_limit = 67108864");
      Migrations.migrate(sql, file);
      if (created) {
        makeDurable(sql, directory);
      }
      return sql;
    } catch (RuntimeException e) {
      closeQuietly(sql, e);
      throw e;
    }
  }

  /**
   * A commit is in the write-ahead log alone, which is not synced: what a loss of power takes from
   * it comes back from the Raft log. A new registry must not be taken as a whole, for an empty file
   * where there should be a registry is damage.
   */
  private static void makeDurable(Sql sql, Path directory) {
    long busy = sql.integer("PRAGMA wal_checkpoint(TRUNCATE)");
    if (busy != 0) {
      throw new RegistryException("somebody else uses the new registry in " + directory);
    }
    try {
      RegistryDatabase.sync(directory);
    } catch (IOException e) {
      throw new RegistryException("cannot sync " + directory, e);
    }
  }

  /** Reads a file that exists and whose schema is the current one. */
  static Sql reader(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new RegistryException(file + " does not exist");
    }
    Sql sql = Sql.open(file, false);
    try {
      sql.execute("PRAGMA busy_timeout = 5000");
      sql.execute("PRAGMA query_only = ON");
      sql.execute("PRAGMA cache_size = -8192");
      if (Migrations.knownVersion(sql, file) == 0) {
        throw new RegistryException(file + " is not a registry database");
      }
      return sql;
    } catch (RuntimeException e) {
      closeQuietly(sql, e);
      throw e;
    }
  }

  /** Whether a file that exists has nothing in it: nobody has come to laying it out. */
  static boolean isBlank(Path file) {
    try (Sql sql = Sql.open(file, false)) {
      sql.execute("PRAGMA busy_timeout = 5000");
      sql.execute("PRAGMA query_only = ON");
      return Migrations.knownVersion(sql, file) == 0;
    } catch (RegistryException e) {
      throw namingDamage(file, e);
    }
  }

  /** Fails unless every page, reference and count of the file is in order. */
  static void verify(Path file) {
    try {
      verifyContent(file);
    } catch (RegistryException e) {
      throw namingDamage(file, e);
    }
  }

  private static RegistryException namingDamage(Path file, RegistryException e) {
    return e.getCause() instanceof SQLException
        ? new RegistryException(file + " is damaged, or cannot be read", e)
        : e;
  }

  private static void verifyContent(Path file) {
    try (Sql sql = reader(file)) {
      List<String> damage = sql.list("PRAGMA quick_check(10)", row -> row.text(1));
      if (!damage.equals(List.of("ok"))) {
        throw new RegistryException(file + " is damaged: " + String.join("; ", damage));
      }
      if (sql.first("PRAGMA foreign_key_check", row -> true).isPresent()) {
        throw new RegistryException(file + " is damaged: a row refers to one that does not exist");
      }
      sql.first(
              """
              SELECT a.id FROM assets AS a
              LEFT JOIN (SELECT asset_id, count(*) AS n FROM leases GROUP BY asset_id) AS l
                ON l.asset_id = a.id
              WHERE a.lease_count <> coalesce(l.n, 0) LIMIT 1
              """,
              row -> row.text(1))
          .ifPresent(
              id -> {
                throw new RegistryException(
                    file + " is damaged: asset " + id + " counts other leases than it has");
              });
      sql.first(
              """
              SELECT s.id FROM sessions AS s
              WHERE s.lease_count <> (SELECT count(*) FROM leases WHERE session_id = s.id) LIMIT 1
              """,
              row -> row.text(1))
          .ifPresent(
              id -> {
                throw new RegistryException(
                    file + " is damaged: session " + id + " counts other leases than it has");
              });
      if (Progress.read(sql).clusterTimeMillis() < 0) {
        throw new RegistryException(file + " is damaged: its cluster clock is negative");
      }
    }
  }

  private static void expect(Sql sql, String setting, String pragma, String wanted) {
    String found = sql.text(pragma);
    if (!found.equals(wanted)) {
      throw new RegistryException(setting + " is " + found + " where it must be " + wanted);
    }
  }

  private static void closeQuietly(Sql sql, RuntimeException cause) {
    try {
      sql.close();
    } catch (RegistryException e) {
      cause.addSuppressed(e);
    }
  }
}
