package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.ExpireLeases;
import dev.assetmanagerd.log.v1.LeaseGranted;
import dev.assetmanagerd.log.v1.LeaseReleased;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReleaseAsset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Taking and ending leases.
 *
 * <p>{@code assets.lease_count} always equals the number of the asset's rows in {@code leases}; the
 * two change together here and in {@link DeletionCommands} and nowhere else. A lease that has
 * expired on the cluster clock still counts until a command ends it.
 */
final class LeaseCommands {
  private static final String LEASE_EXISTS = "SELECT 1 FROM leases WHERE id = ?";
  private static final String GRANT =
      "UPDATE assets SET lease_count = lease_count + 1, last_accessed_at = ?"
          + " WHERE id = ? AND status = 2";
  private static final String INSERT =
      "INSERT INTO leases (id, asset_id, acquired_by, acquired_at, expires_at)"
          + " VALUES (?, ?, ?, ?, ?)";
  private static final String ASSET_OF_LEASE = "SELECT asset_id FROM leases WHERE id = ?";
  private static final String DELETE = "DELETE FROM leases WHERE id = ?";
  private static final String UNCOUNT =
      "UPDATE assets SET lease_count = lease_count - 1 WHERE id = ?";
  private static final String EXPIRED =
      "SELECT id, asset_id FROM leases WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?";

  private final Sql sql;

  LeaseCommands(Sql sql) {
    this.sql = sql;
  }

  Outcome acquire(AcquireAsset command, EntryTime time) {
    Outcome malformed = malformed(command, time);
    if (malformed != null) {
      return malformed;
    }
    Optional<Asset.Builder> found = AssetRows.find(sql, command.getAssetId());
    if (found.isEmpty()) {
      return Outcomes.assetNotFound("asset_id", command.getAssetId());
    }
    Asset.Builder asset = found.get();
    if (asset.getStatus() != AssetStatus.ASSET_STATUS_AVAILABLE) {
      return Outcomes.rejected(
          Rule.RULE_ASSET_NOT_AVAILABLE,
          "asset_id",
          "the asset \"" + asset.getId() + "\" is " + asset.getStatus() + ", not AVAILABLE");
    }
    if (sql.first(LEASE_EXISTS, row -> true, command.getLeaseId()).isPresent()) {
      return Outcomes.invalid("lease_id", "the lease \"" + command.getLeaseId() + "\" exists");
    }
    grant(command, asset, time);
    return Outcome.newBuilder()
        .setLeaseGranted(LeaseGranted.newBuilder().setAsset(asset).setLeaseId(command.getLeaseId()))
        .build();
  }

  Outcome release(ReleaseAsset command) {
    Optional<String> assetId = sql.first(ASSET_OF_LEASE, row -> row.text(1), command.getLeaseId());
    if (assetId.isEmpty()) {
      return Outcomes.rejected(
          Rule.RULE_LEASE_NOT_FOUND,
          "lease_id",
          "no lease has the id \"" + command.getLeaseId() + "\"");
    }
    end(command.getLeaseId(), assetId.get());
    Asset.Builder asset =
        AssetRows.find(sql, assetId.get())
            .orElseThrow(() -> new RegistryException("a lease without its asset"));
    return Outcome.newBuilder()
        .setLeaseReleased(LeaseReleased.newBuilder().setAsset(asset))
        .build();
  }

  Outcome expire(ExpireLeases command, EntryTime time) {
    int limit = command.getLimit();
    if (limit <= 0) {
      return Outcomes.invalid("limit", limit + " is not 1 or more");
    }
    // One more than the limit tells whether there are more.
    List<Lease> due =
        sql.list(
            EXPIRED,
            row -> new Lease(row.text(1), row.text(2)),
            time.clockMillis(),
            (long) limit + 1);
    boolean more = due.size() > limit;
    List<Lease> ended = more ? due.subList(0, limit) : due;
    ended.forEach(lease -> end(lease.id(), lease.assetId()));
    return Outcome.newBuilder()
        .setLeasesExpired(LeasesExpired.newBuilder().setCount(ended.size()).setMore(more))
        .build();
  }

  private static @Nullable Outcome malformed(AcquireAsset command, EntryTime time) {
    if (command.getLeaseId().isEmpty()) {
      return Outcomes.invalid("lease_id", "the lease has no id");
    }
    long ttl = command.getTtlSeconds();
    if (ttl < 0) {
      return Outcomes.invalid("ttl_seconds", ttl + " is negative");
    }
    if (ttl > (Long.MAX_VALUE - time.clockMillis()) / 1000) {
      return Outcomes.invalid("ttl_seconds", ttl + " is more than the clock can count");
    }
    return null;
  }

  /** Writes the lease, and brings {@code asset} to what is now stored. */
  private void grant(AcquireAsset command, Asset.Builder asset, EntryTime time) {
    asset
        .setReferenceCount(Math.addExact(asset.getReferenceCount(), 1))
        .setLastAccessedAt(Math.max(asset.getLastAccessedAt(), time.wallSeconds()));
    sql.updateOne(GRANT, asset.getLastAccessedAt(), asset.getId());
    long ttl = command.getTtlSeconds();
    Long expiresAt = ttl == 0 ? null : time.clockMillis() + ttl * 1000;
    sql.updateOne(
        INSERT,
        command.getLeaseId(),
        asset.getId(),
        command.getAcquiredBy(),
        time.wallSeconds(),
        expiresAt);
  }

  private void end(String leaseId, String assetId) {
    sql.updateOne(DELETE, leaseId);
    sql.updateOne(UNCOUNT, assetId);
  }

  private record Lease(String id, String assetId) {}
}
