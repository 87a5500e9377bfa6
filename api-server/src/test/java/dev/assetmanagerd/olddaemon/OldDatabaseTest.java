package dev.assetmanagerd.olddaemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.importer.v1.OldLease;
import dev.assetmanagerd.registry.RegistryDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as a single-node daemon leaves them. */
class OldDatabaseTest {
  private static final int ASSETS = 2000;

  @TempDir Path directory;
  private Path file;

  /** Names of assets, ids of leases, and what was broken. */
  private static final class Collected implements OldRows {
    final List<String> names = new ArrayList<>();
    final List<String> leases = new ArrayList<>();
    final List<String> broken = new ArrayList<>();

    @Override
    public void asset(OldAsset asset, long liveLeases) {
      names.add(asset.getAsset().getName());
    }

    @Override
    public void lease(OldLease lease) {
      leases.add(lease.getId() + " " + lease.getAssetPlanned());
    }

    @Override
    public void broken(Kind kind, String id, Reason reason, String message) {
      broken.add(kind + " " + id + " " + reason);
    }
  }

  @BeforeEach
  void write() throws SQLException {
    file = directory.resolve("assets.db");
    try (Connection connection = connect(file);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE assets (id TEXT PRIMARY KEY, name TEXT, type INT, status INT, backend INT,"
              + " location TEXT, size_bytes INT, checksum TEXT, created_by TEXT, created_at INT,"
              + " last_accessed_at INT, reference_count INT, build_id TEXT, source_image TEXT)");
      statement.execute("CREATE TABLE asset_labels (asset_id TEXT, key TEXT, value TEXT)");
      statement.execute(
          "CREATE TABLE asset_leases (id TEXT, asset_id TEXT, acquired_by TEXT, acquired_at INT,"
              + " expires_at INT)");
      statement.execute(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                  .formatted(ASSETS)
              + " INSERT INTO assets (id, name) SELECT 'asset-' || i, 'before' FROM n");
    }
  }

  private static Connection connect(Path file) throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file);
  }

  private static Collected read(OldDatabase database) throws OldDatabaseException {
    Collected rows = new Collected();
    database.readAssets(0, rows);
    database.readLeases(rows);
    return rows;
  }

  @Test
  void aTransactionThatACrashCutIsRolledBackInACopyAndNotInTheFile() throws Exception {
    Path crashed = Files.createDirectory(directory.resolve("crashed")).resolve("assets.db");
    try (Connection connection = connect(file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode = DELETE");
      statement.execute("PRAGMA cache_size = 2");
      connection.setAutoCommit(false);
      // More pages than the cache holds: the file has some of it before the commit.
      statement.execute("UPDATE assets SET name = 'halfway', source_image = hex(zeroblob(200))");
      Files.copy(file, crashed);
      Files.copy(Path.of(file + "-journal"), Path.of(crashed + "-journal"));
      connection.rollback();
    }
    assertThat(new String(Files.readAllBytes(crashed), StandardCharsets.ISO_8859_1))
        .as("what the crash left in the file")
        .contains("halfway");
    byte[] before = Files.readAllBytes(crashed);

    try (OldDatabase database = OldDatabase.open(crashed)) {
      assertThat(read(database).names).hasSize(ASSETS).containsOnly("before");
      database.checkUnchanged();
    }
    assertThat(Files.readAllBytes(crashed)).isEqualTo(before);
    assertThat(Path.of(crashed + "-journal")).exists();
  }

  @Test
  void whatIsWrittenToTheFileMeanwhileIsNoticed() throws Exception {
    try (OldDatabase database = OldDatabase.open(file)) {
      database.checkUnchanged();
      Files.write(file, new byte[] {0}, StandardOpenOption.APPEND);

      assertThatThrownBy(database::checkUnchanged)
          .isInstanceOf(OldDatabaseException.class)
          .hasMessageContaining("was written to while it was read");
    }
  }

  @Test
  void leasesAreToldWhetherTheirAssetIsPlanned() throws Exception {
    try (Connection connection = connect(file);
        Statement statement = connection.createStatement()) {
      statement.execute("INSERT INTO asset_leases (id, asset_id) VALUES ('l1', 'asset-1')");
      statement.execute("INSERT INTO asset_leases (id, asset_id) VALUES ('l2', 'asset-2')");
    }
    try (OldDatabase database = OldDatabase.open(file)) {
      database.plan("asset-2");
      database.plan("asset-2");

      assertThat(read(database).leases).containsExactly("l1 false", "l2 true");
    }
  }

  @Test
  void idsThatSortInAnotherWayInJavaFindTheirLabels() throws Exception {
    // By their bytes the first is before the second, by UTF-16 it is behind.
    String first = "\uFF5E";
    String second = "\uD83D\uDE00";
    try (Connection connection = connect(file);
        Statement statement = connection.createStatement()) {
      for (String id : List.of(second, first)) {
        statement.execute("INSERT INTO assets (id, name) VALUES ('" + id + "', 'odd')");
        statement.execute("INSERT INTO asset_labels VALUES ('" + id + "', 'k', 'v')");
      }
    }
    try (OldDatabase database = OldDatabase.open(file)) {
      Collected rows = read(database);
      assertThat(rows.broken).isEmpty();
      assertThat(rows.names).hasSize(ASSETS + 2);
    }
  }

  @Test
  void aRegistryOfAClusterIsRefused() throws Exception {
    Path registry = directory.resolve("registry.db");
    RegistryDatabase.open(registry).close();

    assertThatThrownBy(() -> OldDatabase.open(registry))
        .isInstanceOf(OldDatabaseException.class)
        .hasMessageContaining("column assets.reference_count");
  }
}
