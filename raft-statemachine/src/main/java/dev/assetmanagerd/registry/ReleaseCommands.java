package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.ExpireLeases;
import dev.assetmanagerd.log.v1.LeaseReleased;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.LeasesReleased;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReleaseAsset;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Ending leases: their holders give them back, or their time has passed. */
final class ReleaseCommands {
  private static final String ASSET_OF_LEASE = "SELECT asset_id FROM leases WHERE id = ?";
  private static final String OF_HOLDER =
      "SELECT id, asset_id FROM leases WHERE acquired_by = ? ORDER BY id LIMIT ?";
  private static final String OF_HOLDER_IN_SESSION =
      "SELECT id, asset_id FROM leases WHERE acquired_by = ? AND session_id = ?"
          + " ORDER BY id LIMIT ?";
  private static final String DUE_LEASES =
      "SELECT expires_at, id, asset_id FROM leases WHERE expires_at <= ?"
          + " ORDER BY expires_at, id LIMIT ?";
  private static final String DUE_SESSIONS =
      "SELECT expires_at, id FROM sessions WHERE expires_at <= ?"
          + " ORDER BY expires_at, id LIMIT ?";

  private final Sql sql;
  private final LeaseBook book;

  ReleaseCommands(Sql sql, LeaseBook book) {
    this.sql = sql;
    this.book = book;
  }

  /** A lease that was released not long ago is released again; its asset may be gone by now. */
  Outcome release(ReleaseAsset command, EntryTime time) {
    String id = command.getLeaseId();
    Optional<String> assetId = sql.first(ASSET_OF_LEASE, row -> row.text(1), id);
    if (assetId.isPresent()) {
      book.release(id, assetId.get(), time);
    } else {
      assetId = book.released(id, time.clockMillis());
    }
    if (assetId.isEmpty()) {
      return Outcomes.rejected(
          Rule.RULE_LEASE_NOT_FOUND, "lease_id", "no lease has the id \"" + id + "\"");
    }
    LeaseReleased.Builder released = LeaseReleased.newBuilder();
    AssetRows.find(sql, assetId.get()).ifPresent(released::setAsset);
    return Outcome.newBuilder().setLeaseReleased(released).build();
  }

  Outcome release(ReleaseLeases command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    LeasesReleased.Builder released = LeasesReleased.newBuilder();
    if (command.getAcquiredBy().isEmpty()) {
      for (String id : new LinkedHashSet<>(command.getLeaseIdsList())) {
        sql.first(ASSET_OF_LEASE, row -> row.text(1), id)
            .ifPresent(
                assetId -> {
                  book.release(id, assetId, time);
                  released.addLeaseIds(id);
                });
      }
    } else {
      List<Held> held = held(command);
      held.stream()
          .limit(command.getLimit())
          .forEach(
              lease -> {
                book.release(lease.id(), lease.assetId(), time);
                released.addLeaseIds(lease.id());
              });
      released.setMore(held.size() > command.getLimit());
    }
    return Outcome.newBuilder().setLeasesReleased(released).build();
  }

  /** One more than the limit tells whether there are more. */
  private List<Held> held(ReleaseLeases command) {
    long limit = command.getLimit() + 1L;
    return command.getSessionId().isEmpty()
        ? sql.list(OF_HOLDER, Held::fromRow, command.getAcquiredBy(), limit)
        : sql.list(
            OF_HOLDER_IN_SESSION,
            Held::fromRow,
            command.getAcquiredBy(),
            command.getSessionId(),
            limit);
  }

  private static @Nullable Outcome malformed(ReleaseLeases command) {
    boolean byHolder = !command.getAcquiredBy().isEmpty();
    if (byHolder == (command.getLeaseIdsCount() > 0)) {
      return Outcomes.invalid("lease_ids", "either leases are named or their holder is");
    }
    if (byHolder && command.getLimit() < 1) {
      return Outcomes.invalid("limit", command.getLimit() + " is not 1 or more");
    }
    if (!byHolder && !command.getSessionId().isEmpty()) {
      return Outcomes.invalid("session_id", "a session goes with a holder only");
    }
    return null;
  }

  /** Ends what is due, the oldest first; of two that are equally old, the lease. */
  Outcome expire(ExpireLeases command, EntryTime time) {
    int limit = command.getLimit();
    if (limit <= 0) {
      return Outcomes.invalid("limit", limit + " is not 1 or more");
    }
    int count = 0;
    int used = 0;
    boolean more = false;
    for (Due due : due(time, limit + 1L)) {
      if (used >= limit) {
        more = true;
        break;
      }
      int ended = end(due);
      count += ended;
      // A session without leases is work, too.
      used += Math.max(1, ended);
    }
    return Outcome.newBuilder()
        .setLeasesExpired(LeasesExpired.newBuilder().setCount(count).setMore(more))
        .build();
  }

  private List<Due> due(EntryTime time, long limit) {
    long clock = time.clockMillis();
    List<Due> leases =
        sql.list(
            DUE_LEASES, row -> new Due(row.integer(1), row.text(2), row.text(3)), clock, limit);
    List<Due> sessions =
        sql.list(DUE_SESSIONS, row -> new Due(row.integer(1), row.text(2), null), clock, limit);
    // Stable: leases stay before sessions of the same millisecond.
    return Stream.concat(leases.stream(), sessions.stream())
        .sorted(Comparator.comparingLong(Due::expiresAt))
        .toList();
  }

  private int end(Due due) {
    if (due.assetId() == null) {
      return book.endSession(due.id());
    }
    book.end(due.id(), due.assetId());
    return 1;
  }

  private record Held(String id, String assetId) {
    static Held fromRow(Row row) {
      return new Held(row.text(1), row.text(2));
    }
  }

  /**
   * @param assetId null for a session
   */
  private record Due(long expiresAt, String id, @Nullable String assetId) {}
}
