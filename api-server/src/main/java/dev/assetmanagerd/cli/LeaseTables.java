package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import java.time.Instant;
import java.util.List;

/** Leases and sessions for people to read. */
final class LeaseTables {
  private LeaseTables() {}

  static Table ofLeases(List<Lease> leases) {
    Table table = new Table("ID", "ASSET", "HOLDER", "ACQUIRED", "TTL", "ENDS IN", "SESSION");
    for (Lease lease : leases) {
      table.add(
          lease.getId(),
          lease.getAssetId(),
          lease.getAcquiredBy(),
          Instant.ofEpochSecond(lease.getAcquiredAt()).toString(),
          lease.getTtlSeconds() == 0 ? "-" : lease.getTtlSeconds() + "s",
          lease.getExpiresInMillis() == 0 ? "-" : seconds(lease.getExpiresInMillis()),
          lease.getSessionId().isEmpty() ? "-" : lease.getSessionId());
    }
    return table;
  }

  static Table ofSessions(List<Session> sessions) {
    Table table = new Table("ID", "HOST", "OPENED", "TTL", "GRACE", "ENDS IN", "LEASES");
    for (Session session : sessions) {
      table.add(
          session.getId(),
          session.getHost(),
          Instant.ofEpochSecond(session.getOpenedAt()).toString(),
          seconds(session.getTtlMillis()),
          seconds(session.getGraceMillis()),
          seconds(session.getExpiresInMillis()),
          Integer.toString(session.getLeaseCount()));
    }
    return table;
  }

  /** Rounded down: at least this long. */
  private static String seconds(long millis) {
    return millis / 1000 + "s";
  }
}
