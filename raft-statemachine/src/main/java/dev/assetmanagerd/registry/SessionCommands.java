package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.AttachLeases;
import dev.assetmanagerd.log.v1.CloseSession;
import dev.assetmanagerd.log.v1.KeepSession;
import dev.assetmanagerd.log.v1.LeasesAttached;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.SessionClosed;
import dev.assetmanagerd.log.v1.SessionKept;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sessions of hosts. Keeping one moves a single row, however many leases live with it. One that has
 * expired is as good as gone, whether or not a command has ended it yet.
 */
final class SessionCommands {
  /** Bounds what ending a session costs, which happens in one command. */
  static final int LEASES_MAX = 16_384;

  private static final String INSERT =
      "INSERT INTO sessions (id, host, opened_at, ttl_millis, grace_millis, expires_at)"
          + " VALUES (?, ?, ?, ?, ?, ?)";
  private static final String KEEP =
      "UPDATE sessions SET ttl_millis = ?, grace_millis = ?, expires_at = ? WHERE id = ?";
  private static final String ATTACH =
      "UPDATE leases SET session_id = ?, ttl_millis = 0, expires_at = NULL WHERE id = ?";

  private final Sql sql;
  private final LeaseBook book;

  SessionCommands(Sql sql, LeaseBook book) {
    this.sql = sql;
    this.book = book;
  }

  Outcome open(OpenSession command, EntryTime time) {
    Outcome malformed = malformed(command, time);
    if (malformed != null) {
      return malformed;
    }
    String id = command.getSessionId();
    Optional<SessionRow> found = SessionRow.find(sql, id);
    if (found.isPresent() && found.get().live(time.clockMillis())) {
      return found.get().host().equals(command.getHost())
          ? keep(found.get(), command.getTtlMillis(), command.getGraceMillis(), time)
          : Outcomes.rejected(
              Rule.RULE_SESSION_EXISTS,
              "session_id",
              "the session \"" + id + "\" is one of \"" + found.get().host() + "\"");
    }
    // What expired together stays ended: the new session of the same id begins without leases.
    found.ifPresent(expired -> book.endSession(expired.id()));
    SessionRow session =
        new SessionRow(
            id,
            command.getHost(),
            time.wallSeconds(),
            command.getTtlMillis(),
            command.getGraceMillis(),
            time.clockMillis() + command.getTtlMillis() + command.getGraceMillis(),
            0);
    sql.updateOne(
        INSERT,
        id,
        session.host(),
        session.openedAt(),
        session.ttlMillis(),
        session.graceMillis(),
        session.expiresAt());
    return kept(session, time);
  }

  Outcome keep(KeepSession command, EntryTime time) {
    Optional<SessionRow> found =
        SessionRow.findLive(sql, command.getSessionId(), time.clockMillis());
    return found.isEmpty()
        ? notFound(command.getSessionId())
        : keep(found.get(), found.get().ttlMillis(), found.get().graceMillis(), time);
  }

  private Outcome keep(SessionRow session, long ttlMillis, long graceMillis, EntryTime time) {
    long clock = time.clockMillis();
    // Times that were possible when the session was opened may reach beyond the clock's end now.
    long expiresAt = clock + Math.min(ttlMillis + graceMillis, Long.MAX_VALUE - clock);
    sql.updateOne(KEEP, ttlMillis, graceMillis, expiresAt, session.id());
    return kept(
        new SessionRow(
            session.id(),
            session.host(),
            session.openedAt(),
            ttlMillis,
            graceMillis,
            expiresAt,
            session.leaseCount()),
        time);
  }

  /** All that exist, or none where the session would have too many. */
  Outcome attach(AttachLeases command, EntryTime time) {
    Optional<SessionRow> found =
        SessionRow.findLive(sql, command.getSessionId(), time.clockMillis());
    if (found.isEmpty()) {
      return notFound(command.getSessionId());
    }
    SessionRow session = found.get();
    LeasesAttached.Builder attached = LeasesAttached.newBuilder();
    List<String> moved = new ArrayList<>();
    for (String id : new LinkedHashSet<>(command.getLeaseIdsList())) {
      Optional<LeaseRow> lease = LeaseRow.findLive(sql, id, time.clockMillis());
      if (lease.isEmpty()) {
        attached.addNotFoundIds(id);
        continue;
      }
      attached.addAttached(lease.get().attached(session).toMessage(time.clockMillis()));
      if (!session.id().equals(lease.get().sessionId())) {
        moved.add(id);
      }
    }
    Outcome refused = full(session, moved.size());
    if (refused != null) {
      return refused;
    }
    moved.forEach(id -> sql.updateOne(ATTACH, session.id(), id));
    return Outcome.newBuilder().setLeasesAttached(attached).build();
  }

  Outcome close(CloseSession command, EntryTime time) {
    String id = command.getSessionId();
    if (SessionRow.find(sql, id).isEmpty()) {
      return notFound(id);
    }
    int ended = book.releaseSession(id, time);
    return Outcome.newBuilder()
        .setSessionClosed(SessionClosed.newBuilder().setLeasesEnded(ended))
        .build();
  }

  static Outcome notFound(String sessionId) {
    return Outcomes.rejected(
        Rule.RULE_SESSION_NOT_FOUND,
        "session_id",
        "no session has the id \"" + sessionId + "\"; it may have expired");
  }

  /** A rejection, where {@code added} more leases are too many for the session. */
  static @Nullable Outcome full(SessionRow session, int added) {
    if (session.leaseCount() + (long) added <= LEASES_MAX) {
      return null;
    }
    return Outcomes.rejected(
        Rule.RULE_SESSION_FULL,
        "session_id",
        "the session \"%s\" has %d leases; with %d more it would have more than %d"
            .formatted(session.id(), session.leaseCount(), added, LEASES_MAX));
  }

  private static Outcome kept(SessionRow session, EntryTime time) {
    return Outcome.newBuilder()
        .setSessionKept(SessionKept.newBuilder().setSession(session.toMessage(time.clockMillis())))
        .build();
  }

  private static @Nullable Outcome malformed(OpenSession command, EntryTime time) {
    if (command.getSessionId().isEmpty()) {
      return Outcomes.invalid("session_id", "the session has no id");
    }
    if (command.getHost().isEmpty()) {
      return Outcomes.invalid("host", "the session has no host");
    }
    long ttl = command.getTtlMillis();
    if (ttl < 1) {
      return Outcomes.invalid("ttl_millis", ttl + " is not 1 or more");
    }
    long grace = command.getGraceMillis();
    if (grace < 0) {
      return Outcomes.invalid("grace_millis", grace + " is negative");
    }
    long left = Long.MAX_VALUE - time.clockMillis();
    if (ttl > left || grace > left - ttl) {
      return Outcomes.invalid("ttl_millis", ttl + " is more than the clock can count");
    }
    return null;
  }
}
