package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds what garbage collection would take, the longest unused first.
 *
 * <p>Two sources, each in that order, are merged: assets without a lease, read off an index of just
 * those, and assets all of whose leases have expired, found by way of the expired leases. So the
 * cost of a page grows with what it finds and with the number of expired leases that nobody has
 * ended yet, not with the number of assets.
 */
final class Collectable {
  static final String PAGE =
      "SELECT "
          + AssetRows.COLUMNS
          + """
           FROM assets AS a INDEXED BY assets_unheld
            WHERE a.lease_count = 0 AND a.status IN (2, 4)
              AND a.last_accessed_at < ?1 AND (a.last_accessed_at, a.id) > (?2, ?3)
          UNION ALL
          SELECT\s"""
          + AssetRows.COLUMNS
          + """
           FROM assets AS a WHERE a.id IN (
              SELECT asset_id FROM leases WHERE expires_at <= ?4
              UNION SELECT l.asset_id FROM sessions AS s CROSS JOIN leases AS l
                ON l.session_id = s.id WHERE s.expires_at <= ?4)
              AND a.lease_count > 0 AND a.status IN (2, 4)
              AND a.last_accessed_at < ?1 AND (a.last_accessed_at, a.id) > (?2, ?3)
              AND a.lease_count = (
                SELECT count(*) FROM leases AS l LEFT JOIN sessions AS s ON s.id = l.session_id
                  WHERE l.asset_id = a.id AND coalesce(l.expires_at, s.expires_at) <= ?4)
          ORDER BY last_accessed_at, id LIMIT ?5
          """;

  private Collectable() {}

  static List<Asset> page(
      Sql sql, long lastAccessedBefore, @Nullable Asset after, long clockMillis, int limit) {
    List<Asset.Builder> found =
        sql.list(
            PAGE,
            AssetRows::fromRow,
            lastAccessedBefore,
            after == null ? Long.MIN_VALUE : after.getLastAccessedAt(),
            after == null ? "" : after.getId(),
            clockMillis,
            limit);
    return AssetRows.withLabels(sql, found);
  }
}
