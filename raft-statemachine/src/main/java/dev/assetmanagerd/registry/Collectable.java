package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds what garbage collection would take, by id.
 *
 * <p>Walks through the assets once for a whole collection, page after page, in about 0.2 s of CPU
 * for a million that are none. An index of the assets without a lease would spare that, and would
 * have to be kept by the first lease on each asset and by the last one's end, which made taking
 * leases 1.4 times as expensive to apply, and giving them back 1.2 times.
 */
final class Collectable {
  static final String PAGE =
      "SELECT "
          + AssetRows.COLUMNS
          + """
           FROM assets AS a WHERE a.id > ? AND a.status IN (2, 4) AND a.last_accessed_at < ?
            AND (a.lease_count = 0 OR a.lease_count = (
              SELECT count(*) FROM leases AS l LEFT JOIN sessions AS s ON s.id = l.session_id
              WHERE l.asset_id = a.id AND coalesce(l.expires_at, s.expires_at) <= ?))
            ORDER BY a.id LIMIT ?
          """;

  private Collectable() {}

  static List<Asset> page(
      Sql sql, long lastAccessedBefore, @Nullable Asset after, long clockMillis, int limit) {
    String afterId = after == null ? "" : after.getId();
    List<Asset.Builder> found =
        sql.list(PAGE, AssetRows::fromRow, afterId, lastAccessedBefore, clockMillis, limit);
    return AssetRows.withLabels(sql, found);
  }
}
