package dev.assetmanagerd.cli;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * A database with the tables of a single-node daemon, and none of its constraints, so that it takes
 * anything.
 */
final class OldDaemonFile implements AutoCloseable {
  static final String ASSETS =
      "CREATE TABLE assets (id, name, type, status, backend, location, size_bytes, checksum,"
          + " created_by, created_at, last_accessed_at, reference_count, build_id, source_image)";
  static final String LABELS = "CREATE TABLE asset_labels (asset_id, key, value)";
  static final String LEASES =
      "CREATE TABLE asset_leases (id, asset_id, acquired_by, acquired_at, expires_at)";

  /** Past for the old daemon as well as for a node with a test's clock. */
  static final long CREATED = 1_600_000_000L;

  final Path file;
  private final Connection connection;

  OldDaemonFile(Path file) throws SQLException {
    this.file = file;
    this.connection = DriverManager.getConnection("jdbc:sqlite:" + file);
  }

  static OldDaemonFile create(Path file) throws SQLException {
    OldDaemonFile database = new OldDaemonFile(file);
    database.execute(ASSETS);
    database.execute(LABELS);
    database.execute(LEASES);
    return database;
  }

  void execute(String sql, @Nullable Object... arguments) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < arguments.length; i++) {
        statement.setObject(i + 1, arguments[i]);
      }
      statement.execute();
    }
  }

  void pragma(String pragma) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA " + pragma);
    }
  }

  /** An AVAILABLE local kernel of 5 bytes, {@code hello}, at {@code old/ID}. */
  void asset(String id) throws SQLException {
    execute(
        "INSERT INTO assets VALUES (?, ?, 1, 2, 1, ?, 5, ?, 'metald', ?, ?, 0, 'b1', 'img')",
        id,
        "name of " + id,
        "/opt/vm-assets/old/" + id,
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        CREATED,
        CREATED + 60);
  }

  /** Sets one column of an asset to whatever it may be. */
  void set(String id, String column, @Nullable Object value) throws SQLException {
    execute("UPDATE assets SET " + column + " = ? WHERE id = ?", value, id);
  }

  void label(@Nullable Object assetId, @Nullable Object key, @Nullable Object value)
      throws SQLException {
    execute("INSERT INTO asset_labels VALUES (?, ?, ?)", assetId, key, value);
  }

  /**
   * @param expiresAt Unix seconds; null for none
   */
  void lease(
      @Nullable Object id,
      @Nullable Object assetId,
      @Nullable Object holder,
      @Nullable Object expiresAt)
      throws SQLException {
    execute(
        "INSERT INTO asset_leases VALUES (?, ?, ?, ?, ?)",
        id,
        assetId,
        holder,
        CREATED + 60,
        expiresAt);
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
