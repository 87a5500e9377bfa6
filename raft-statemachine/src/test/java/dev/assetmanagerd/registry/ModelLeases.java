package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.AttachLeases;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import dev.assetmanagerd.log.v1.RenewLeases;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Leases and sessions in plain maps. */
final class ModelLeases {
  private static final long HOUR = 3_600_000;

  static final class Lease {
    final String id;
    final String asset;
    final String holder;
    long acquiredAt;
    long ttlSeconds;
    long until;
    String session;

    Lease(String id, String asset, String holder, long ttlSeconds, long until, String session) {
      this.id = id;
      this.asset = asset;
      this.holder = holder;
      this.ttlSeconds = ttlSeconds;
      this.until = until;
      this.session = session;
    }
  }

  static final class Session {
    final String id;
    final String host;
    long ttl;
    long grace;
    long until;

    Session(String id, String host) {
      this.id = id;
      this.host = host;
    }
  }

  private record Released(String asset, long at) {}

  final Map<String, Lease> leases = new TreeMap<>();
  final Map<String, Session> sessions = new TreeMap<>();
  private final Map<String, Released> released = new HashMap<>();
  private final Model model;

  ModelLeases(Model model) {
    this.model = model;
  }

  String decide(Command command) {
    return switch (command.getKindCase()) {
      case ACQUIRE_ASSET -> acquire(command.getAcquireAsset());
      case ACQUIRE_LEASES -> acquire(command.getAcquireLeases());
      case RELEASE_ASSET -> release(command.getReleaseAsset().getLeaseId());
      case RELEASE_LEASES -> release(command.getReleaseLeases());
      case RENEW_LEASES -> renew(command.getRenewLeases());
      case OPEN_SESSION -> open(command.getOpenSession());
      case KEEP_SESSION -> keep(command.getKeepSession().getSessionId());
      case CLOSE_SESSION -> close(command.getCloseSession().getSessionId());
      case ATTACH_LEASES -> attach(command.getAttachLeases());
      case EXPIRE_LEASES -> expire(command.getExpireLeases().getLimit());
      default -> throw new AssertionError("no rule for " + command);
    };
  }

  /** Rows that count for the asset, expired ones included. */
  int count(String assetId) {
    return (int) leases.values().stream().filter(lease -> lease.asset.equals(assetId)).count();
  }

  /** Leases that really hold the asset. */
  int holding(String assetId) {
    return (int)
        leases.values().stream()
            .filter(lease -> lease.asset.equals(assetId))
            .filter(this::alive)
            .count();
  }

  /** Given back within the last hour. */
  boolean givenBack(String id) {
    Released known = released.get(id);
    return known != null && model.clock - known.at() < HOUR;
  }

  void endAll(String assetId) {
    leases.values().removeIf(lease -> lease.asset.equals(assetId));
  }

  boolean alive(Lease lease) {
    Long left = left(lease);
    return left == null || left > 0;
  }

  private @Nullable Long left(Lease lease) {
    if (!lease.session.isEmpty()) {
      return Objects.requireNonNull(sessions.get(lease.session)).until - model.clock;
    }
    return lease.ttlSeconds == 0 ? null : lease.until - model.clock;
  }

  private @Nullable String lifeRefused(long ttlSeconds, String session) {
    if (ttlSeconds < 0 || ttlSeconds > (Long.MAX_VALUE - model.clock) / 1000) {
      return Model.no(Rule.RULE_INVALID, "ttl_seconds");
    }
    if (session.isEmpty()) {
      return null;
    }
    if (ttlSeconds > 0) {
      return Model.no(Rule.RULE_INVALID, "ttl_seconds");
    }
    return liveSession(session) == null
        ? Model.no(Rule.RULE_SESSION_NOT_FOUND, "session_id")
        : null;
  }

  private @Nullable Session liveSession(String id) {
    Session session = sessions.get(id);
    return session != null && session.until > model.clock ? session : null;
  }

  private @Nullable String assetRefused(String assetId, String field) {
    var asset = model.assets.byId.get(assetId);
    if (asset == null) {
      return Model.no(Rule.RULE_ASSET_NOT_FOUND, field);
    }
    return asset.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE
        ? null
        : Model.no(Rule.RULE_ASSET_NOT_AVAILABLE, field);
  }

  private String grant(String id, String assetId, String holder, long ttl, String session) {
    Lease lease =
        new Lease(id, assetId, holder, ttl, ttl == 0 ? 0 : model.clock + ttl * 1000, session);
    lease.acquiredAt = model.wall;
    leases.put(id, lease);
    model.assets.use(assetId);
    return model.assets.text(assetId);
  }

  private String acquire(AcquireAsset c) {
    if (c.getLeaseId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "lease_id");
    }
    String refused = lifeRefused(c.getTtlSeconds(), c.getSessionId());
    refused = refused == null ? assetRefused(c.getAssetId(), "asset_id") : refused;
    if (refused != null) {
      return refused;
    }
    if (leases.containsKey(c.getLeaseId())) {
      return Model.no(Rule.RULE_INVALID, "lease_id");
    }
    return "granted "
        + c.getLeaseId()
        + " on "
        + grant(
            c.getLeaseId(), c.getAssetId(), c.getAcquiredBy(), c.getTtlSeconds(), c.getSessionId());
  }

  private String acquire(AcquireLeases c) {
    int count = c.getAssetIdsCount();
    if (count == 0 || Set.copyOf(c.getAssetIdsList()).size() < count) {
      return Model.no(Rule.RULE_INVALID, "asset_ids");
    }
    if (c.getLeaseIdsCount() != count || Set.copyOf(c.getLeaseIdsList()).size() < count) {
      return Model.no(Rule.RULE_INVALID, "lease_ids");
    }
    String refused = lifeRefused(c.getTtlSeconds(), c.getSessionId());
    for (int i = 0; i < count && refused == null; i++) {
      refused = assetRefused(c.getAssetIds(i), "asset_ids[" + i + "]");
    }
    if (refused != null) {
      return refused;
    }
    if (c.getLeaseIdsList().stream().anyMatch(leases::containsKey)) {
      return Model.no(Rule.RULE_INVALID, "lease_ids");
    }
    List<String> on = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      on.add(
          grant(
              c.getLeaseIds(i),
              c.getAssetIds(i),
              c.getAcquiredBy(),
              c.getTtlSeconds(),
              c.getSessionId()));
    }
    return "granted " + c.getLeaseIdsList() + " on " + on;
  }

  private void giveBack(Lease lease) {
    leases.remove(lease.id);
    released.put(lease.id, new Released(lease.asset, model.clock));
  }

  private String release(String id) {
    Lease lease = leases.get(id);
    if (lease != null) {
      giveBack(lease);
    }
    Released known = released.get(id);
    if (known == null || !givenBack(id)) {
      return Model.no(Rule.RULE_LEASE_NOT_FOUND, "lease_id");
    }
    return "released "
        + (model.assets.byId.containsKey(known.asset())
            ? model.assets.text(known.asset())
            : "gone");
  }

  private String release(ReleaseLeases c) {
    boolean named = c.getLeaseIdsCount() > 0;
    boolean held = !c.getAcquiredBy().isEmpty();
    if (named == held) {
      return Model.no(Rule.RULE_INVALID, "lease_ids");
    }
    if (held && c.getLimit() < 1) {
      return Model.no(Rule.RULE_INVALID, "limit");
    }
    if (named && !c.getSessionId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "session_id");
    }
    List<Lease> theirs = new ArrayList<>();
    if (named) {
      new LinkedHashSet<>(c.getLeaseIdsList())
          .stream().filter(leases::containsKey).forEach(id -> theirs.add(leases.get(id)));
    } else {
      leases.values().stream()
          .filter(lease -> lease.holder.equals(c.getAcquiredBy()))
          .filter(lease -> c.getSessionId().isEmpty() || lease.session.equals(c.getSessionId()))
          .forEach(theirs::add);
    }
    boolean more = held && theirs.size() > c.getLimit();
    List<Lease> ended = more ? theirs.subList(0, c.getLimit()) : theirs;
    ended.forEach(this::giveBack);
    return "released " + ended.stream().map(lease -> lease.id).toList() + Summaries.more(more);
  }

  private String renew(RenewLeases c) {
    String refused = lifeRefused(c.getTtlSeconds(), "");
    if (refused != null) {
      return refused;
    }
    List<String> renewed = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (String id : new LinkedHashSet<>(c.getLeaseIdsList())) {
      Lease lease = leases.get(id);
      if (lease == null || !alive(lease)) {
        missing.add(id);
        continue;
      }
      if (lease.session.isEmpty()) {
        lease.ttlSeconds = c.getTtlSeconds() == 0 ? lease.ttlSeconds : c.getTtlSeconds();
        lease.until = model.clock + lease.ttlSeconds * 1000;
      }
      renewed.add(text(lease));
    }
    return "renewed " + renewed + " not " + missing;
  }

  private String open(OpenSession c) {
    if (c.getSessionId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "session_id");
    }
    if (c.getHost().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "host");
    }
    if (c.getTtlMillis() < 1) {
      return Model.no(Rule.RULE_INVALID, "ttl_millis");
    }
    if (c.getGraceMillis() < 0) {
      return Model.no(Rule.RULE_INVALID, "grace_millis");
    }
    BigInteger end =
        BigInteger.valueOf(c.getTtlMillis())
            .add(BigInteger.valueOf(c.getGraceMillis()))
            .add(BigInteger.valueOf(model.clock));
    if (end.bitLength() > 63) {
      return Model.no(Rule.RULE_INVALID, "ttl_millis");
    }
    Session session = liveSession(c.getSessionId());
    if (session == null) {
      end(c.getSessionId());
      session = new Session(c.getSessionId(), c.getHost());
      sessions.put(session.id, session);
    } else if (!session.host.equals(c.getHost())) {
      return Model.no(Rule.RULE_SESSION_EXISTS, "session_id");
    }
    session.ttl = c.getTtlMillis();
    session.grace = c.getGraceMillis();
    return kept(session);
  }

  private String keep(String id) {
    Session session = liveSession(id);
    return session == null ? Model.no(Rule.RULE_SESSION_NOT_FOUND, "session_id") : kept(session);
  }

  private String kept(Session session) {
    session.until = model.after(session.ttl + session.grace);
    return "kept " + text(session);
  }

  private String close(String id) {
    if (!sessions.containsKey(id)) {
      return Model.no(Rule.RULE_SESSION_NOT_FOUND, "session_id");
    }
    of(id).forEach(lease -> released.put(lease.id, new Released(lease.asset, model.clock)));
    return "closed " + end(id);
  }

  private String attach(AttachLeases c) {
    Session session = liveSession(c.getSessionId());
    if (session == null) {
      return Model.no(Rule.RULE_SESSION_NOT_FOUND, "session_id");
    }
    List<String> attached = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (String id : new LinkedHashSet<>(c.getLeaseIdsList())) {
      Lease lease = leases.get(id);
      if (lease == null || !alive(lease)) {
        missing.add(id);
        continue;
      }
      lease.session = session.id;
      lease.ttlSeconds = 0;
      attached.add(text(lease));
    }
    return "attached " + attached + " not " + missing;
  }

  /** Time after time the oldest, of equally old ones a lease first, then by id. */
  private String expire(int limit) {
    if (limit < 1) {
      return Model.no(Rule.RULE_INVALID, "limit");
    }
    int ended = 0;
    int left = limit;
    while (true) {
      Lease lease = null;
      for (Lease each : leases.values()) {
        boolean due = each.session.isEmpty() && !alive(each);
        lease = due && (lease == null || each.until < lease.until) ? each : lease;
      }
      Session session = null;
      for (Session each : sessions.values()) {
        boolean due = each.until <= model.clock;
        session = due && (session == null || each.until < session.until) ? each : session;
      }
      if (left <= 0 || (lease == null && session == null)) {
        return "expired " + ended + Summaries.more(lease != null || session != null);
      }
      int now = 1;
      if (lease != null && (session == null || lease.until <= session.until)) {
        leases.remove(lease.id);
      } else if (session != null) {
        now = end(session.id);
      }
      ended += now;
      left -= Math.max(1, now);
    }
  }

  private List<Lease> of(String session) {
    return leases.values().stream().filter(lease -> lease.session.equals(session)).toList();
  }

  private int end(String session) {
    List<Lease> its = of(session);
    its.forEach(lease -> leases.remove(lease.id));
    sessions.remove(session);
    return its.size();
  }

  private String text(Lease lease) {
    Long left = left(lease);
    return String.join(
        " ",
        lease.id,
        lease.asset,
        lease.holder,
        "ttl=" + lease.ttlSeconds,
        "left=" + (left == null ? 0 : left),
        lease.session);
  }

  private String text(Session session) {
    return String.join(
        " ",
        session.id,
        session.host,
        "ttl=" + session.ttl,
        "grace=" + session.grace,
        "left=" + (session.until - model.clock),
        "leases=" + of(session.id).size());
  }

  /** What readers must find: all that has not expired. */
  List<String> liveLeases() {
    return leases.values().stream().filter(this::alive).map(this::text).toList();
  }

  List<String> liveSessions() {
    return sessions.values().stream()
        .filter(session -> session.until > model.clock)
        .map(this::text)
        .toList();
  }
}
