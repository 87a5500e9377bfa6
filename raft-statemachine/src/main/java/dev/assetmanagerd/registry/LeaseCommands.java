package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.LeaseGranted;
import dev.assetmanagerd.log.v1.LeasesGranted;
import dev.assetmanagerd.log.v1.LeasesRenewed;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.RenewLeases;
import dev.assetmanagerd.registry.LeaseBook.Life;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Taking leases, and keeping those that live by themselves. */
final class LeaseCommands {
  private static final String LEASE_EXISTS = "SELECT 1 FROM leases WHERE id = ?";
  private static final String RENEW =
      "UPDATE leases SET ttl_millis = ?, expires_at = ? WHERE id = ?";

  private final Sql sql;
  private final LeaseBook book;

  LeaseCommands(Sql sql, LeaseBook book) {
    this.sql = sql;
    this.book = book;
  }

  Outcome acquire(AcquireAsset command, EntryTime time) {
    if (command.getLeaseId().isEmpty()) {
      return Outcomes.invalid("lease_id", "the lease has no id");
    }
    Outcome refused = refusal(command.getTtlSeconds(), command.getSessionId(), 1, time);
    if (refused != null) {
      return refused;
    }
    Optional<Asset.Builder> found = AssetRows.find(sql, command.getAssetId());
    refused = unavailable(found, "asset_id", command.getAssetId());
    if (refused != null) {
      return refused;
    }
    if (exists(command.getLeaseId())) {
      return Outcomes.invalid("lease_id", "the lease \"" + command.getLeaseId() + "\" exists");
    }
    Asset.Builder asset = found.orElseThrow();
    Life life = life(command.getTtlSeconds(), command.getSessionId());
    book.grant(command.getLeaseId(), asset, command.getAcquiredBy(), life, time);
    return Outcome.newBuilder()
        .setLeaseGranted(LeaseGranted.newBuilder().setAsset(asset).setLeaseId(command.getLeaseId()))
        .build();
  }

  /** One lease on each asset, or none at all. */
  Outcome acquire(AcquireLeases command, EntryTime time) {
    Outcome refused = malformed(command);
    if (refused == null) {
      int count = command.getAssetIdsCount();
      refused = refusal(command.getTtlSeconds(), command.getSessionId(), count, time);
    }
    if (refused != null) {
      return refused;
    }
    List<Asset.Builder> assets = new ArrayList<>(command.getAssetIdsCount());
    for (int i = 0; i < command.getAssetIdsCount(); i++) {
      Optional<Asset.Builder> found = AssetRows.find(sql, command.getAssetIds(i));
      refused = unavailable(found, "asset_ids[" + i + "]", command.getAssetIds(i));
      if (refused != null) {
        return refused;
      }
      assets.add(found.orElseThrow());
    }
    for (String leaseId : command.getLeaseIdsList()) {
      if (exists(leaseId)) {
        return Outcomes.invalid("lease_ids", "the lease \"" + leaseId + "\" exists");
      }
    }
    Life life = life(command.getTtlSeconds(), command.getSessionId());
    LeasesGranted.Builder granted =
        LeasesGranted.newBuilder().addAllLeaseIds(command.getLeaseIdsList());
    for (int i = 0; i < assets.size(); i++) {
      Asset.Builder asset = assets.get(i);
      book.grant(command.getLeaseIds(i), asset, command.getAcquiredBy(), life, time);
      granted
          .addAssets(asset)
          .addLeases(
              LeaseRow.find(sql, command.getLeaseIds(i))
                  .orElseThrow()
                  .toMessage(time.clockMillis()));
    }
    return Outcome.newBuilder().setLeasesGranted(granted).build();
  }

  /**
   * Decides for each by itself. A lease that has expired cannot be brought back; one that lives
   * with a session, or for ever where no lifetime is asked for, is left as it is.
   */
  Outcome renew(RenewLeases command, EntryTime time) {
    Outcome refused = refusal(command.getTtlSeconds(), "", 0, time);
    if (refused != null) {
      return refused;
    }
    LeasesRenewed.Builder renewed = LeasesRenewed.newBuilder();
    for (String id : new LinkedHashSet<>(command.getLeaseIdsList())) {
      Optional<LeaseRow> found = LeaseRow.findLive(sql, id, time.clockMillis());
      if (found.isEmpty()) {
        renewed.addNotFoundIds(id);
      } else {
        LeaseRow lease = renew(found.get(), command.getTtlSeconds() * 1000, time);
        renewed.addRenewed(lease.toMessage(time.clockMillis()));
      }
    }
    return Outcome.newBuilder().setLeasesRenewed(renewed).build();
  }

  private LeaseRow renew(LeaseRow lease, long newTtlMillis, EntryTime time) {
    long ttlMillis = newTtlMillis == 0 ? lease.ttlMillis() : newTtlMillis;
    if (lease.sessionId() != null || ttlMillis == 0) {
      return lease;
    }
    // A lifetime that was possible when the lease was taken may reach beyond the clock's end now.
    long endsAt = time.clockMillis() + Math.min(ttlMillis, Long.MAX_VALUE - time.clockMillis());
    sql.updateOne(RENEW, ttlMillis, endsAt, lease.id());
    return lease.renewed(ttlMillis, endsAt);
  }

  private boolean exists(String leaseId) {
    return sql.first(LEASE_EXISTS, row -> true, leaseId).isPresent();
  }

  private static Life life(long ttlSeconds, String sessionId) {
    return new Life(ttlSeconds * 1000, sessionId.isEmpty() ? null : sessionId);
  }

  private static @Nullable Outcome malformed(AcquireLeases command) {
    int count = command.getAssetIdsCount();
    if (count == 0) {
      return Outcomes.invalid("asset_ids", "no asset is named");
    }
    if (new HashSet<>(command.getAssetIdsList()).size() != count) {
      return Outcomes.invalid("asset_ids", "an asset is named more than once");
    }
    if (command.getLeaseIdsCount() != count
        || new HashSet<>(command.getLeaseIdsList()).size() != count
        || command.getLeaseIdsList().contains("")) {
      return Outcomes.invalid("lease_ids", "not one id for each of " + count + " leases");
    }
    return null;
  }

  /** Why {@code count} new leases cannot live like this. */
  private @Nullable Outcome refusal(long ttlSeconds, String sessionId, int count, EntryTime time) {
    if (ttlSeconds < 0) {
      return Outcomes.invalid("ttl_seconds", ttlSeconds + " is negative");
    }
    if (ttlSeconds > (Long.MAX_VALUE - time.clockMillis()) / 1000) {
      return Outcomes.invalid("ttl_seconds", ttlSeconds + " is more than the clock can count");
    }
    if (sessionId.isEmpty()) {
      return null;
    }
    if (ttlSeconds != 0) {
      return Outcomes.invalid("ttl_seconds", "a lease that lives with a session has none");
    }
    Optional<SessionRow> session = SessionRow.findLive(sql, sessionId, time.clockMillis());
    return session.isEmpty()
        ? SessionCommands.notFound(sessionId)
        : SessionCommands.full(session.get(), count);
  }

  private static @Nullable Outcome unavailable(
      Optional<Asset.Builder> asset, String field, String id) {
    if (asset.isEmpty()) {
      return Outcomes.assetNotFound(field, id);
    }
    AssetStatus status = asset.get().getStatus();
    if (status != AssetStatus.ASSET_STATUS_AVAILABLE) {
      return Outcomes.rejected(
          Rule.RULE_ASSET_NOT_AVAILABLE,
          field,
          "the asset \"" + id + "\" is " + status + ", not AVAILABLE");
    }
    return null;
  }
}
