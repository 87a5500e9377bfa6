package dev.assetmanagerd.registry;

import dev.assetmanagerd.lease.v1.Session;
import java.util.List;
import java.util.Optional;

/**
 * A row of {@code sessions}.
 *
 * @param openedAt Unix seconds
 * @param expiresAt on the cluster clock, grace included: when its leases end unless it is kept
 * @param leaseCount leases that live with it
 */
record SessionRow(
    String id,
    String host,
    long openedAt,
    long ttlMillis,
    long graceMillis,
    long expiresAt,
    int leaseCount) {
  private static final String SELECT =
      "SELECT id, host, opened_at, ttl_millis, grace_millis, expires_at, lease_count FROM sessions";
  private static final String BY_ID = SELECT + " WHERE id = ?";
  private static final String PAGE =
      SELECT + " WHERE id > ? AND expires_at > ? ORDER BY id LIMIT ?";

  /** Whether or not it has expired. */
  static Optional<SessionRow> find(Sql sql, String id) {
    return sql.first(BY_ID, SessionRow::fromRow, id);
  }

  /** Unless it has expired. */
  static Optional<SessionRow> findLive(Sql sql, String id, long clockMillis) {
    return find(sql, id).filter(session -> session.live(clockMillis));
  }

  /** Those that have not expired, by id. */
  static List<Session> list(Sql sql, String afterId, int limit, long clockMillis) {
    return sql.list(PAGE, row -> fromRow(row).toMessage(clockMillis), afterId, clockMillis, limit);
  }

  private static SessionRow fromRow(Row row) {
    return new SessionRow(
        row.text(1),
        row.text(2),
        row.integer(3),
        row.integer(4),
        row.integer(5),
        row.integer(6),
        row.small(7));
  }

  /** A session whose end has come cannot be kept, and its leases hold nothing any more. */
  boolean live(long clockMillis) {
    return expiresAt > clockMillis;
  }

  Session toMessage(long clockMillis) {
    return Session.newBuilder()
        .setId(id)
        .setHost(host)
        .setOpenedAt(openedAt)
        .setTtlMillis(ttlMillis)
        .setGraceMillis(graceMillis)
        .setExpiresInMillis(expiresAt - clockMillis)
        .setLeaseCount(leaseCount)
        .build();
  }
}
