package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.ImportedLease;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes leases. Checks nothing: that is done before, by the commands.
 *
 * <p>{@code assets.lease_count} always equals the number of the asset's rows in {@code leases}; the
 * two change together here and in {@link DeletionCommands} and nowhere else. The counts of sessions
 * are kept by triggers. A lease that has expired on the cluster clock still counts until a command
 * ends it.
 */
final class LeaseBook {
  /** How long a lease is remembered as released. */
  static final long REMEMBERED_MILLIS = 3_600_000;

  private static final String GRANT =
      "UPDATE assets SET lease_count = lease_count + 1, last_accessed_at = ?"
          + " WHERE id = ? AND status = 2";
  private static final String INSERT =
      "INSERT INTO leases (id, asset_id, acquired_by, acquired_at, expires_at, ttl_millis,"
          + " session_id) VALUES (?, ?, ?, ?, ?, ?, ?)";
  private static final String DELETE = "DELETE FROM leases WHERE id = ?";
  private static final String COUNT =
      "UPDATE assets SET lease_count = lease_count + 1 WHERE id = ? AND status = 2";
  private static final String UNCOUNT =
      "UPDATE assets SET lease_count = lease_count - 1 WHERE id = ?";
  private static final String REMEMBER =
      "INSERT INTO released_leases (lease_id, asset_id, released_at) VALUES (?, ?, ?)"
          + " ON CONFLICT (lease_id) DO UPDATE"
          + " SET asset_id = excluded.asset_id, released_at = excluded.released_at";
  private static final String REMEMBERED =
      "SELECT asset_id FROM released_leases WHERE lease_id = ? AND released_at > ?";
  private static final String FORGET =
      "DELETE FROM released_leases WHERE lease_id IN (SELECT lease_id FROM released_leases"
          + " WHERE released_at <= ? ORDER BY released_at, lease_id LIMIT ?)";
  private static final String REMEMBER_SESSION =
      "INSERT INTO released_leases (lease_id, asset_id, released_at)"
          + " SELECT id, asset_id, ? FROM leases WHERE session_id = ?"
          + " ON CONFLICT (lease_id) DO UPDATE"
          + " SET asset_id = excluded.asset_id, released_at = excluded.released_at";
  private static final String UNCOUNT_SESSION =
      "UPDATE assets SET lease_count = lease_count - g.n"
          + " FROM (SELECT asset_id, count(*) AS n FROM leases WHERE session_id = ?"
          + " GROUP BY asset_id) AS g WHERE assets.id = g.asset_id";
  private static final String DELETE_LEASES_OF_SESSION = "DELETE FROM leases WHERE session_id = ?";
  private static final String DELETE_SESSION = "DELETE FROM sessions WHERE id = ?";

  private final Sql sql;

  LeaseBook(Sql sql) {
    this.sql = sql;
  }

  /**
   * How long a lease lives.
   *
   * @param ttlMillis 0 without an end of its own
   * @param sessionId null for a lease by itself
   */
  record Life(long ttlMillis, @Nullable String sessionId) {
    private @Nullable Long expiresAt(long clockMillis) {
      return ttlMillis == 0 ? null : clockMillis + ttlMillis;
    }
  }

  /** Writes a lease, and brings {@code asset}, which is AVAILABLE, to what is now stored. */
  void grant(String leaseId, Asset.Builder asset, String acquiredBy, Life life, EntryTime time) {
    asset
        .setReferenceCount(Math.addExact(asset.getReferenceCount(), 1))
        .setLastAccessedAt(Math.max(asset.getLastAccessedAt(), time.wallSeconds()));
    sql.updateOne(GRANT, asset.getLastAccessedAt(), asset.getId());
    sql.updateOne(
        INSERT,
        leaseId,
        asset.getId(),
        acquiredBy,
        time.wallSeconds(),
        life.expiresAt(time.clockMillis()),
        life.ttlMillis(),
        life.sessionId());
  }

  /** Writes a lease that was taken in another registry, on an asset that is AVAILABLE. */
  void restore(ImportedLease lease, EntryTime time) {
    sql.updateOne(COUNT, lease.getAssetId());
    Life life = new Life(lease.getRemainingMillis(), null);
    sql.updateOne(
        INSERT,
        lease.getId(),
        lease.getAssetId(),
        lease.getAcquiredBy(),
        lease.getAcquiredAt(),
        life.expiresAt(time.clockMillis()),
        lease.getTtlMillis(),
        null);
  }

  /** Ends a lease that exists. */
  void end(String leaseId, String assetId) {
    sql.updateOne(DELETE, leaseId);
    sql.updateOne(UNCOUNT, assetId);
  }

  /** Ends a lease that exists, as its holder wanted. */
  void release(String leaseId, String assetId, EntryTime time) {
    end(leaseId, assetId);
    sql.updateOne(REMEMBER, leaseId, assetId, time.clockMillis());
  }

  /** The asset of a lease that was released not long ago. */
  Optional<String> released(String leaseId, long clockMillis) {
    return sql.first(REMEMBERED, row -> row.text(1), leaseId, clockMillis - REMEMBERED_MILLIS);
  }

  /** Ends a session that exists, with all of its leases; returns how many they were. */
  int endSession(String sessionId) {
    sql.update(UNCOUNT_SESSION, sessionId);
    int ended = sql.update(DELETE_LEASES_OF_SESSION, sessionId);
    sql.updateOne(DELETE_SESSION, sessionId);
    return ended;
  }

  /** As {@link #endSession}, as its host wanted. */
  int releaseSession(String sessionId, EntryTime time) {
    sql.update(REMEMBER_SESSION, time.clockMillis(), sessionId);
    return endSession(sessionId);
  }

  /** Forgets what has been remembered for long enough, {@code limit} at most. */
  void prune(long clockMillis, int limit) {
    sql.update(FORGET, clockMillis - REMEMBERED_MILLIS, limit);
  }
}
