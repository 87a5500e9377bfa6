package dev.assetmanagerd.registry;

import com.google.errorprone.annotations.CheckReturnValue;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteOpenMode;

/**
 * One SQLite connection and the statements prepared on it, kept for the next use of the same text.
 *
 * <p>Transactions are begun and ended by statements, never by JDBC's auto-commit mode, so that what
 * happens is what is written. Not thread-safe. Every failure is a {@link RegistryException}.
 */
final class Sql implements AutoCloseable {
  /** Listings have a shape per number of labels and filters; beyond this the oldest shape goes. */
  private static final int STATEMENTS_MAX = 128;

  private final Connection connection;
  private final Map<String, PreparedStatement> statements = new LinkedHashMap<>(64, 0.75f, true);

  private Sql(Connection connection) {
    this.connection = connection;
  }

  /** Opens a file, which is created where {@code create} allows it. */
  static Sql open(Path file, boolean create) {
    SQLiteConfig config = new SQLiteConfig();
    config.resetOpenMode(SQLiteOpenMode.CREATE);
    if (create) {
      config.setOpenMode(SQLiteOpenMode.CREATE);
    }
    try {
      return new Sql(config.createConnection("jdbc:sqlite:" + file.toAbsolutePath()));
    } catch (SQLException e) {
      throw new RegistryException("cannot open " + file, e);
    }
  }

  /** Executes text that is used once: DDL, or a pragma that answers nothing. */
  void execute(String sql) {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw failed(sql, e);
    }
  }

  /** Runs a statement that changes rows; returns how many it changed. */
  int update(String sql, @Nullable Object... arguments) {
    try {
      return prepare(sql, arguments).executeUpdate();
    } catch (SQLException e) {
      throw failed(sql, e);
    }
  }

  /** Ends the open transaction; some failures (a full disk) have made SQLite do so already. */
  void rollback() {
    try (Statement statement = connection.createStatement()) {
      statement.execute("ROLLBACK");
    } catch (SQLException e) {
      if (!String.valueOf(e.getMessage()).contains("no transaction is active")) {
        throw failed("ROLLBACK", e);
      }
    }
  }

  /** Runs a statement that must change exactly one row; anything else is corruption or a bug. */
  void updateOne(String sql, @Nullable Object... arguments) {
    int changed = update(sql, arguments);
    if (changed != 1) {
      throw new RegistryException(changed + " rows changed instead of 1: " + sql);
    }
  }

  /** Hands each row to {@code consumer} as it is read; nothing is collected. */
  void each(String sql, Consumer<Row> consumer, @Nullable Object... arguments) {
    try (ResultSet results = prepare(sql, arguments).executeQuery()) {
      Row row = new Row(results);
      while (results.next()) {
        consumer.accept(row);
      }
    } catch (SQLException e) {
      throw failed(sql, e);
    }
  }

  /** All rows; the caller's SQL bounds their number. */
  @CheckReturnValue
  <T> List<T> list(String sql, Function<Row, T> mapper, @Nullable Object... arguments) {
    List<T> rows = new ArrayList<>();
    each(sql, row -> rows.add(mapper.apply(row)), arguments);
    return rows;
  }

  /** The first row, if there is one. */
  @CheckReturnValue
  <T> Optional<T> first(String sql, Function<Row, T> mapper, @Nullable Object... arguments) {
    try (ResultSet results = prepare(sql, arguments).executeQuery()) {
      return results.next() ? Optional.of(mapper.apply(new Row(results))) : Optional.empty();
    } catch (SQLException e) {
      throw failed(sql, e);
    }
  }

  /** The integer in the first column of the only row. */
  @CheckReturnValue
  long integer(String sql, @Nullable Object... arguments) {
    return first(sql, row -> row.integer(1), arguments)
        .orElseThrow(() -> new RegistryException("no row: " + sql));
  }

  /** The text in the first column of the only row. */
  @CheckReturnValue
  String text(String sql) {
    return first(sql, row -> row.text(1))
        .orElseThrow(() -> new RegistryException("no row: " + sql));
  }

  /** The statements that are kept prepared, those used last at the end. */
  List<String> prepared() {
    return List.copyOf(statements.keySet());
  }

  private PreparedStatement prepare(String sql, @Nullable Object[] arguments) throws SQLException {
    PreparedStatement statement = statements.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      statements.put(sql, statement);
      if (statements.size() > STATEMENTS_MAX) {
        String oldest = statements.keySet().iterator().next();
        PreparedStatement dropped = statements.remove(oldest);
        if (dropped != null) {
          dropped.close();
        }
      }
    }
    for (int i = 0; i < arguments.length; i++) {
      bind(statement, i + 1, arguments[i]);
    }
    return statement;
  }

  private static void bind(PreparedStatement statement, int position, @Nullable Object argument)
      throws SQLException {
    if (argument instanceof String text) {
      statement.setString(position, text);
    } else if (argument instanceof Long number) {
      statement.setLong(position, number);
    } else if (argument instanceof Integer number) {
      statement.setInt(position, number);
    } else if (argument instanceof byte[] bytes) {
      statement.setBytes(position, bytes);
    } else if (argument == null) {
      statement.setObject(position, null);
    } else {
      throw new IllegalArgumentException("cannot bind a " + argument.getClass());
    }
  }

  private static RegistryException failed(String sql, SQLException cause) {
    return new RegistryException("the registry database failed at: " + sql, cause);
  }

  @Override
  public void close() {
    try {
      for (PreparedStatement statement : statements.values()) {
        statement.close();
      }
      statements.clear();
      connection.close();
    } catch (SQLException e) {
      throw new RegistryException("cannot close the registry database", e);
    }
  }
}
