package dev.assetmanagerd.registry;

import dev.assetmanagerd.lease.v1.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code leases}, with the end that its session gives it.
 *
 * @param ttlMillis what it lives for from each renewal; 0 without an end of its own
 * @param endsAt on the cluster clock, its own end or that of its session; null for none
 * @param sessionId null for a lease that lives by itself
 */
record LeaseRow(
    String id,
    String assetId,
    String acquiredBy,
    long acquiredAt,
    long ttlMillis,
    @Nullable Long endsAt,
    @Nullable String sessionId) {
  private static final String SELECT =
      "SELECT l.id, l.asset_id, l.acquired_by, l.acquired_at, l.ttl_millis,"
          + " coalesce(l.expires_at, s.expires_at), l.session_id"
          + " FROM leases AS l LEFT JOIN sessions AS s ON s.id = l.session_id";
  private static final String BY_ID = SELECT + " WHERE l.id = ?";
  private static final String LIVE =
      " AND (l.expires_at IS NULL OR l.expires_at > ?)"
          + " AND (s.expires_at IS NULL OR s.expires_at > ?)";

  /** Whether or not it has expired. */
  static Optional<LeaseRow> find(Sql sql, String id) {
    return sql.first(BY_ID, LeaseRow::fromRow, id);
  }

  /** Unless it has expired. */
  static Optional<LeaseRow> findLive(Sql sql, String id, long clockMillis) {
    return find(sql, id).filter(lease -> lease.live(clockMillis));
  }

  /** Those that match and have not expired. */
  static List<Lease> list(Sql sql, LeaseQuery query, long clockMillis) {
    StringBuilder text = new StringBuilder(SELECT).append(" WHERE l.id > ?").append(LIVE);
    List<Object> arguments = new ArrayList<>();
    arguments.add(query.afterId() == null ? "" : query.afterId());
    arguments.add(clockMillis);
    arguments.add(clockMillis);
    where(text, arguments, " AND l.asset_id = ?", query.assetId());
    where(text, arguments, " AND l.acquired_by = ?", query.holder());
    where(text, arguments, " AND l.session_id = ?", query.sessionId());
    Long within = query.expiringWithinMillis();
    if (within != null) {
      long until = within > Long.MAX_VALUE - clockMillis ? Long.MAX_VALUE : clockMillis + within;
      where(text, arguments, " AND coalesce(l.expires_at, s.expires_at) <= ?", until);
    }
    where(text, arguments, " ORDER BY l.id LIMIT ?", query.limit());
    return sql.list(
        text.toString(), row -> fromRow(row).toMessage(clockMillis), arguments.toArray());
  }

  private static void where(
      StringBuilder text, List<Object> arguments, String condition, @Nullable Object argument) {
    if (argument != null) {
      text.append(condition);
      arguments.add(argument);
    }
  }

  private static LeaseRow fromRow(Row row) {
    return new LeaseRow(
        row.text(1),
        row.text(2),
        row.text(3),
        row.integer(4),
        row.integer(5),
        row.isNull(6) ? null : row.integer(6),
        row.textOrNull(7));
  }

  /** A lease whose end has come holds nothing any more and cannot be kept. */
  boolean live(long clockMillis) {
    return endsAt == null || endsAt > clockMillis;
  }

  /** With another end of its own. */
  LeaseRow renewed(long newTtlMillis, long newEndsAt) {
    return new LeaseRow(id, assetId, acquiredBy, acquiredAt, newTtlMillis, newEndsAt, sessionId);
  }

  /** Living with a session. */
  LeaseRow attached(SessionRow session) {
    return new LeaseRow(id, assetId, acquiredBy, acquiredAt, 0, session.expiresAt(), session.id());
  }

  Lease toMessage(long clockMillis) {
    Lease.Builder message =
        Lease.newBuilder()
            .setId(id)
            .setAssetId(assetId)
            .setAcquiredBy(acquiredBy)
            .setAcquiredAt(acquiredAt)
            .setTtlSeconds(ttlMillis / 1000);
    if (endsAt != null) {
      message.setExpiresInMillis(endsAt - clockMillis);
    }
    if (sessionId != null) {
      message.setSessionId(sessionId);
    }
    return message.build();
  }
}
