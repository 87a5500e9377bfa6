package dev.assetmanagerd.registry;

/**
 * How far a database has come.
 *
 * @param applied the last log entry it contains
 * @param clock the cluster clock there
 */
record Progress(LogPosition applied, ClockState clock) {
  private static final String SELECT =
      "SELECT applied_term, applied_index, cluster_time_millis, clock_term, clock_reading"
          + " FROM progress WHERE id = 1";

  static Progress read(Sql sql) {
    return sql.first(
            SELECT,
            row ->
                new Progress(
                    new LogPosition(row.integer(1), row.integer(2)),
                    new ClockState(row.integer(3), row.integer(4), row.integer(5))))
        .orElseThrow(() -> new RegistryException("the registry database has lost its position"));
  }

  /** The cluster clock, milliseconds. */
  long clusterTimeMillis() {
    return clock.millis();
  }
}
