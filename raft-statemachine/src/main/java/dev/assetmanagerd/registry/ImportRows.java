package dev.assetmanagerd.registry;

/** What imports are remembered by. */
final class ImportRows {
  static final int ASSET = 1;
  static final int LEASE = 2;

  private static final String REMEMBERED = "SELECT 1 FROM imported WHERE kind = ? AND id = ?";
  private static final String REMEMBER =
      "INSERT INTO imported (kind, id) VALUES (?, ?) ON CONFLICT (kind, id) DO NOTHING";

  private final Sql sql;

  ImportRows(Sql sql) {
    this.sql = sql;
  }

  /** Whether an import has found or put this in the registry before. */
  boolean remembered(int kind, String id) {
    return sql.first(REMEMBERED, row -> true, kind, id).isPresent();
  }

  void remember(int kind, String id) {
    sql.update(REMEMBER, kind, id);
  }
}
