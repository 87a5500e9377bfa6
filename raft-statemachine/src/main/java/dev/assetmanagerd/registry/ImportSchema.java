package dev.assetmanagerd.registry;

import java.util.List;

/**
 * The step of the schema that brings the memory of imports: what came from a single-node daemon
 * once is never brought back by a later import. Kept for good, for nobody knows when the old
 * database is imported for the last time; a row is hardly longer than its id.
 *
 * <p>Kind 1: an asset; kind 2: a lease.
 */
final class ImportSchema {
  static final List<String> STEP =
      List.of(
          """
          CREATE TABLE imported (
            kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
            id TEXT NOT NULL,
            PRIMARY KEY (kind, id)
          ) STRICT, WITHOUT ROWID
          """);

  private ImportSchema() {}
}
