package dev.assetmanagerd.registry;

import java.util.LinkedHashMap;
import java.util.Map;

/** What holds in every registry after every transaction. */
final class Invariants {
  /** Each selects what must not be there. */
  private static final Map<String, String> CHEAP = new LinkedHashMap<>();

  private static final Map<String, String> THOROUGH = new LinkedHashMap<>();

  static {
    CHEAP.put(
        "an asset counts other leases than it has",
        "SELECT id FROM assets AS a WHERE lease_count <>"
            + " (SELECT count(*) FROM leases WHERE asset_id = a.id)");
    CHEAP.put(
        "a lease holds an asset that is being deleted",
        "SELECT l.id FROM leases AS l JOIN assets AS a ON a.id = asset_id WHERE a.status = 3");
    CHEAP.put(
        "a session counts other leases than it has",
        "SELECT id FROM sessions AS s WHERE lease_count <>"
            + " (SELECT count(*) FROM leases WHERE session_id = s.id)");
    CHEAP.put(
        "a blob that is to be deleted is needed by an asset",
        "SELECT a.id FROM assets AS a JOIN blob_tombstones AS t"
            + " ON t.location = a.location AND t.backend = a.backend"
            + " WHERE a.status IN (2, 4) AND t.state = 1");
    CHEAP.put(
        "a blob that is to be deleted is reserved",
        "SELECT r.id FROM blob_reservations AS r JOIN blob_tombstones AS t"
            + " ON t.location = r.location AND t.backend = r.backend"
            + " WHERE t.state = 1"
            + " AND r.expires_at > (SELECT cluster_time_millis FROM progress)");
    CHEAP.put(
        "an upload has other parts than it counts, or a gap between them",
        "SELECT id FROM uploads AS u WHERE asset_id = '' AND (parts, offset_bytes) IS NOT"
            + " (SELECT count(*), coalesce(sum(size_bytes), 0) FROM upload_parts"
            + " WHERE upload_id = u.id)");
    CHEAP.put(
        "an upload that has become an asset has parts",
        "SELECT upload_id FROM upload_parts JOIN uploads ON id = upload_id WHERE asset_id <> ''");
    THOROUGH.put(
        "a label carries another key than its asset",
        "SELECT a.id FROM asset_labels AS l JOIN assets AS a ON a.id = l.asset_id"
            + " WHERE l.created_at <> a.created_at OR l.type <> a.type");
    THOROUGH.put(
        "types are miscounted",
        "SELECT type FROM (SELECT type, assets FROM type_counts WHERE assets > 0 EXCEPT"
            + " SELECT type, count(*) FROM assets GROUP BY type)");
    THOROUGH.put(
        "types are not counted",
        "SELECT type FROM (SELECT type, count(*) FROM assets GROUP BY type EXCEPT"
            + " SELECT type, assets FROM type_counts)");
    THOROUGH.put(
        "labels are miscounted",
        "SELECT key FROM (SELECT key, value, assets FROM label_counts EXCEPT"
            + " SELECT key, value, count(*) FROM asset_labels GROUP BY key, value)");
    THOROUGH.put(
        "labels are not counted",
        "SELECT key FROM (SELECT key, value, count(*) FROM asset_labels"
            + " GROUP BY key, value EXCEPT SELECT key, value, assets FROM label_counts)");
    THOROUGH.put("a row refers to one that does not exist", "PRAGMA foreign_key_check");
  }

  private static final String ANY_CHEAP =
      "SELECT EXISTS (" + String.join(") OR EXISTS (", CHEAP.values()) + ")";

  private Invariants() {}

  /** Fails on what is checked in no time. */
  static void quickly(Sql sql) {
    if (sql.integer(ANY_CHEAP) != 0) {
      check(sql, CHEAP);
      throw new AssertionError("an invariant does not hold: " + ANY_CHEAP);
    }
  }

  static void thoroughly(Sql sql) {
    check(sql, CHEAP);
    check(sql, THOROUGH);
  }

  private static void check(Sql sql, Map<String, String> violations) {
    violations.forEach(
        (violation, query) ->
            sql.first(query, row -> row.text(1))
                .ifPresent(
                    culprit -> {
                      throw new AssertionError(violation + ": " + culprit);
                    }));
  }
}
