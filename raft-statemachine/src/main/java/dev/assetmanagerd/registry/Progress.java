package dev.assetmanagerd.registry;

/**
 * How far a database has come.
 *
 * @param applied the last log entry it contains
 * @param clusterTimeMillis the cluster clock there
 */
record Progress(LogPosition applied, long clusterTimeMillis) {
  private static final String SELECT =
      "SELECT applied_term, applied_index, cluster_time_millis FROM progress WHERE id = 1";

  static Progress read(Sql sql) {
    return sql.first(
            SELECT,
            row -> new Progress(new LogPosition(row.integer(1), row.integer(2)), row.integer(3)))
        .orElseThrow(() -> new RegistryException("the registry database has lost its position"));
  }
}
