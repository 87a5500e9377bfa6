package dev.assetmanagerd.olddaemon;

import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.olddaemon.OldRows.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteOpenMode;

/**
 * The database of a single-node daemon, opened for reading. The file and what is beside it are not
 * changed, not even by a lock. Memory does not depend on its size. Not thread-safe.
 */
public final class OldDatabase implements AutoCloseable {
  private static final Map<String, List<String>> SCHEMA =
      new TreeMap<>(
          Map.of(
              "assets",
              List.of(
                  "id",
                  "name",
                  "type",
                  "status",
                  "backend",
                  "location",
                  "size_bytes",
                  "checksum",
                  "created_by",
                  "created_at",
                  "last_accessed_at",
                  "reference_count",
                  "build_id",
                  "source_image"),
              "asset_labels",
              List.of("asset_id", "key", "value"),
              "asset_leases",
              List.of("id", "asset_id", "acquired_by", "acquired_at", "expires_at")));

  private final SourceFiles files;
  private final Path file;
  private final Connection connection;
  private final PreparedStatement plan;

  private OldDatabase(SourceFiles files, Path file, Connection connection) throws SQLException {
    this.files = files;
    this.file = file;
    this.connection = connection;
    execute("CREATE TEMP TABLE planned (id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID");
    this.plan = connection.prepareStatement("INSERT OR IGNORE INTO temp.planned VALUES (?)");
  }

  /**
   * Opens a database and makes sure that it is whole and has what is to be read.
   *
   * @throws OldDatabaseException when it is no such database, naming what is missing
   */
  public static OldDatabase open(Path file) throws OldDatabaseException, IOException {
    SourceFiles files = SourceFiles.of(file);
    Connection connection = null;
    try {
      connection = connect(files);
      // A schema may hold functions of its author's choice; none of them is needed.
      try (Statement statement = connection.createStatement()) {
        statement.execute("PRAGMA trusted_schema = OFF");
        statement.execute("PRAGMA temp_store = FILE");
        statement.execute("PRAGMA cache_size = -8192");
      }
      checkWhole(file, connection);
      checkSchema(file, connection);
      return new OldDatabase(files, file, connection);
    } catch (SQLException e) {
      closeQuietly(connection, files);
      throw unreadable(file, e);
    } catch (OldDatabaseException | RuntimeException e) {
      closeQuietly(connection, files);
      throw e;
    }
  }

  private static Connection connect(SourceFiles files) throws SQLException {
    SQLiteConfig config = new SQLiteConfig();
    config.resetOpenMode(SQLiteOpenMode.CREATE);
    if (files.isCopy()) {
      return config.createConnection("jdbc:sqlite:" + files.readable());
    }
    // Immutable: no locks and no files beside it, which read-only media could not have.
    config.setReadOnly(true);
    config.setOpenMode(SQLiteOpenMode.OPEN_URI);
    return config.createConnection(
        "jdbc:sqlite:file:" + files.readable().toUri().getRawPath() + "?immutable=1");
  }

  private static void checkWhole(Path file, Connection connection)
      throws SQLException, OldDatabaseException {
    String encoding = text(connection, "PRAGMA encoding");
    if (!encoding.equals("UTF-8")) {
      throw new OldDatabaseException(
          file + " has its texts in " + encoding + ", where the old daemon writes UTF-8");
    }
    String answer = text(connection, "PRAGMA integrity_check(1)");
    if (!answer.equals("ok")) {
      throw new OldDatabaseException(file + " is damaged: " + answer.strip());
    }
  }

  private static void checkSchema(Path file, Connection connection)
      throws SQLException, OldDatabaseException {
    List<String> missing = new ArrayList<>();
    for (Map.Entry<String, List<String>> table : SCHEMA.entrySet()) {
      Set<String> columns = columns(connection, table.getKey());
      if (columns.isEmpty()) {
        missing.add("table " + table.getKey());
        continue;
      }
      table.getValue().stream()
          .filter(column -> !columns.contains(column))
          .forEach(column -> missing.add("column " + table.getKey() + "." + column));
    }
    if (!missing.isEmpty()) {
      throw new OldDatabaseException(
          file
              + " is not a database of the single-node daemon; missing: "
              + String.join(", ", missing));
    }
  }

  /** Empty where there is no such table; a view or a virtual table is none. */
  private static Set<String> columns(Connection connection, String table) throws SQLException {
    Set<String> columns = new HashSet<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT c.name FROM main.sqlite_schema AS t, pragma_table_info(t.name, 'main') AS c"
                + " WHERE t.type = 'table' AND t.rootpage > 0 AND t.name = ?")) {
      query.setString(1, table);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          columns.add(rows.getString(1).toLowerCase(Locale.ROOT));
        }
      }
    }
    return columns;
  }

  private static String text(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      return rows.next() ? rows.getString(1) : "";
    }
  }

  /**
   * Hands over every asset and label.
   *
   * @param nowSeconds wall time, Unix seconds: leases that have expired by then do not count
   */
  public void readAssets(long nowSeconds, OldRows rows) throws OldDatabaseException {
    try {
      withoutId("assets", "id", Kind.ASSET, rows);
      withoutId("asset_labels", "asset_id", Kind.LABEL, rows);
      new AssetReader(connection, nowSeconds, rows).read();
    } catch (SQLException e) {
      throw unreadable(file, e);
    }
  }

  /** Hands over every lease. */
  public void readLeases(OldRows rows) throws OldDatabaseException {
    try {
      withoutId("asset_leases", "id", Kind.LEASE, rows);
      new LeaseReader(connection, rows).read();
    } catch (SQLException e) {
      throw unreadable(file, e);
    }
  }

  private void withoutId(String table, String column, Kind kind, OldRows rows)
      throws SQLException, OldDatabaseException {
    String query = "SELECT typeof(%1$s) FROM main.%2$s WHERE typeof(%1$s) <> 'text'";
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query.formatted(column, table))) {
      while (found.next()) {
        rows.broken(
            kind,
            "",
            Reason.REASON_MALFORMED,
            column + ": is of type " + found.getString(1) + ", not text");
      }
    }
  }

  /** Remembers, in a temporary file, that an asset would be imported: its leases are told so. */
  public void plan(String assetId) throws OldDatabaseException {
    try {
      plan.setString(1, assetId);
      plan.executeUpdate();
    } catch (SQLException e) {
      throw new OldDatabaseException("the temporary file failed: " + e.getMessage(), e);
    }
  }

  /**
   * To be asked when all is read: what was read of a file that is being written to is no state that
   * it ever had.
   */
  public void checkUnchanged() throws OldDatabaseException, IOException {
    files.checkUnchanged();
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static OldDatabaseException unreadable(Path file, SQLException cause) {
    return new OldDatabaseException(file + " cannot be read: " + cause.getMessage(), cause);
  }

  private static void closeQuietly(@Nullable Connection connection, SourceFiles files)
      throws IOException {
    try (files) {
      if (connection != null) {
        connection.close();
      }
    } catch (SQLException e) {
      // What went wrong before is what matters, and is on its way.
    }
  }

  @Override
  public void close() throws IOException {
    try (files) {
      connection.close();
    } catch (SQLException e) {
      throw new IOException("cannot close " + file, e);
    }
  }
}
