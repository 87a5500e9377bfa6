package dev.assetmanagerd.registry;

import java.nio.file.Path;

/**
 * The registry as of one log position, kept while the writer goes on, on a connection of its own.
 * While it is open the write-ahead log cannot start over. For one thread at a time.
 */
public final class RegistrySnapshot implements AutoCloseable {
  private final Sql sql;
  private final LogPosition applied;

  private RegistrySnapshot(Sql sql) {
    this.sql = sql;
    sql.update("BEGIN");
    this.applied = Progress.read(sql).applied(); // the first read fixes what the others see
  }

  static RegistrySnapshot open(Path file) {
    Sql sql = Connections.reader(file);
    try {
      return new RegistrySnapshot(sql);
    } catch (RuntimeException e) {
      sql.close();
      throw e;
    }
  }

  /** The last log entry it contains. */
  public LogPosition applied() {
    return applied;
  }

  /**
   * As {@link RegistryView#stateHash}.
   *
   * @param pause run every thousand rows or so; what it throws ends the reading and comes through
   * @throws RegistryException when the database fails
   */
  public String stateHash(Runnable pause) {
    return StateHash.of(sql, pause);
  }

  @Override
  public void close() {
    sql.close();
  }
}
