package dev.assetmanagerd.clustertests.olddaemon;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.List;
import java.util.Locale;

/**
 * The database of a single-node daemon, with a small blob of its own for each asset.
 *
 * @param assets how many
 * @param labels how many in all, spread evenly
 * @param leases how many in all, spread over the assets; every other one expires, in a day or more
 */
public record OldDaemonData(int assets, int labels, int leases) {
  /** What an installation may have, as it is documented. */
  public static final OldDaemonData DOCUMENTED = new OldDaemonData(100_000, 500_000, 50_000);

  /** LOCAL_STORAGE_PATH of the old daemon, which the database's locations begin with. */
  public static final String STORAGE_PATH = "/opt/vm-assets";

  private static final long CREATED = 1_600_000_000L;
  private static final List<String> SCHEMA =
      List.of(
          """
          CREATE TABLE assets (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, type INTEGER NOT NULL,
            status INTEGER NOT NULL, backend INTEGER NOT NULL, location TEXT NOT NULL,
            size_bytes INTEGER NOT NULL, checksum TEXT NOT NULL, created_by TEXT NOT NULL,
            created_at INTEGER NOT NULL, last_accessed_at INTEGER NOT NULL,
            reference_count INTEGER NOT NULL DEFAULT 0, build_id TEXT, source_image TEXT)
          """,
          """
          CREATE TABLE asset_labels (
            asset_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (asset_id, key),
            FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE)
          """,
          """
          CREATE TABLE asset_leases (
            id TEXT PRIMARY KEY, asset_id TEXT NOT NULL, acquired_by TEXT NOT NULL,
            acquired_at INTEGER NOT NULL, expires_at INTEGER,
            FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE)
          """);

  /**
   * Writes the database.
   *
   * @param nowSeconds wall time, Unix seconds
   */
  public void writeDatabase(Path file, long nowSeconds) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
      try (Statement statement = connection.createStatement()) {
        for (String sql : SCHEMA) {
          statement.execute(sql);
        }
      }
      connection.setAutoCommit(false);
      insertAssets(connection);
      insertLabels(connection);
      insertLeases(connection, nowSeconds);
      connection.commit();
    }
  }

  /** Writes the blobs where they belong in the store of a cluster. */
  public void writeBlobs(Path storeRoot) throws IOException {
    for (int i = 0; i < assets; i++) {
      Path blob = storeRoot.resolve(location(i));
      if (i < 256) {
        Files.createDirectories(blob.getParent());
      }
      Files.write(blob, content(i));
    }
  }

  /** The id of an asset. */
  public static String id(int asset) {
    return String.format(Locale.ROOT, "asset-%07d", asset);
  }

  private static String location(int asset) {
    return String.format(Locale.ROOT, "%02x/%s", asset % 256, id(asset));
  }

  private static byte[] content(int asset) {
    return ("the bytes of asset " + asset).getBytes(StandardCharsets.UTF_8);
  }

  private void insertAssets(Connection connection) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO assets VALUES (?, ?, ?, 2, 1, ?, ?, ?, 'builderd', ?, ?, ?, ?, ?)")) {
      for (int i = 0; i < assets; i++) {
        byte[] content = content(i);
        insert.setString(1, id(i));
        insert.setString(2, "image of customer " + i % 1000);
        insert.setInt(3, 1 + i % 4);
        insert.setString(4, STORAGE_PATH + "/" + location(i));
        insert.setInt(5, content.length);
        insert.setString(6, Hashing.sha256().hashBytes(content).toString());
        insert.setLong(7, CREATED + i);
        insert.setLong(8, CREATED + 100_000 + i);
        insert.setInt(9, leases / assets + (i < leases % assets ? 1 : 0));
        insert.setString(10, "build-" + i);
        insert.setString(11, "registry.example.com/customer/" + i % 1000 + ":latest");
        add(insert, i);
      }
      insert.executeBatch();
    }
  }

  private void insertLabels(Connection connection) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO asset_labels VALUES (?, ?, ?)")) {
      for (int i = 0; i < labels; i++) {
        int asset = i % assets;
        int number = i / assets;
        insert.setString(1, id(asset));
        insert.setString(2, number == 0 ? "docker_image" : "label-" + number);
        insert.setString(3, "value-" + asset % (number == 0 ? 1000 : 10 * number));
        add(insert, i);
      }
      insert.executeBatch();
    }
  }

  private void insertLeases(Connection connection, long nowSeconds) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO asset_leases VALUES (?, ?, ?, ?, ?)")) {
      for (int i = 0; i < leases; i++) {
        insert.setString(1, String.format(Locale.ROOT, "lease-%07d", i));
        insert.setString(2, id(i % assets));
        insert.setString(3, "vm-" + i);
        insert.setLong(4, nowSeconds - 1000 - i % 1000);
        if (i % 2 == 0) {
          insert.setLong(5, nowSeconds + 86_400 + i % 1000);
        } else {
          insert.setNull(5, Types.INTEGER);
        }
        add(insert, i);
      }
      insert.executeBatch();
    }
  }

  private static void add(PreparedStatement insert, int row) throws SQLException {
    insert.addBatch();
    if (row % 1000 == 999) {
      insert.executeBatch();
    }
  }
}
