package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AssetsPurged;
import dev.assetmanagerd.log.v1.DeletionMarked;
import dev.assetmanagerd.log.v1.DeletionMarked.Refusal;
import dev.assetmanagerd.log.v1.DeletionMarked.Why;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.PurgeAssets;
import java.util.Optional;

/** The two steps of deleting. */
final class DeletionCommands {
  private static final String EXPIRED_OF_ASSET =
      "SELECT count(*) FROM leases AS l LEFT JOIN sessions AS s ON s.id = l.session_id"
          + " WHERE l.asset_id = ? AND coalesce(l.expires_at, s.expires_at) <= ?";
  private static final String END_LEASES = "DELETE FROM leases WHERE asset_id = ?";
  private static final String MARK =
      "UPDATE assets SET status = 3, lease_count = 0 WHERE id = ? AND status IN (2, 4)";
  private static final String BLOB_OF_DELETING =
      "SELECT backend, location FROM assets WHERE id = ? AND status = 3";
  private static final String PURGE = "DELETE FROM assets WHERE id = ? AND status = 3";

  private final Sql sql;
  private final BlobRows blobs;
  private final KeptBlobs kept;

  DeletionCommands(Sql sql) {
    this.sql = sql;
    this.blobs = new BlobRows(sql);
    this.kept = new KeptBlobs(sql);
  }

  /**
   * Decides for each asset by itself. A lease that has expired on the cluster clock does not hold:
   * it is ended together with the marking, whether or not somebody has ended it before.
   *
   * <p>The blob is condemned with the last asset that needs it, unless an upload of the same bytes
   * has reserved it; should that come to nothing, the sweep finds the blob. Where a backup may
   * refer to it, it is kept for that instead. What is at an HTTP address is nobody's to delete
   * here: of it, the record alone goes.
   */
  Outcome mark(MarkDeleting command, EntryTime time) {
    if (command.getMinIdleSeconds() < 0) {
      return Outcomes.invalid("min_idle_seconds", command.getMinIdleSeconds() + " is negative");
    }
    DeletionMarked.Builder marked = DeletionMarked.newBuilder();
    for (String id : command.getAssetIdsList()) {
      mark(id, command, time, marked);
    }
    return Outcome.newBuilder().setDeletionMarked(marked).build();
  }

  /** The labels go with their assets. A condemned blob is gone with the last record of it. */
  Outcome purge(PurgeAssets command, EntryTime time) {
    AssetsPurged.Builder purged = AssetsPurged.newBuilder();
    for (String id : command.getAssetIdsList()) {
      Optional<Blob> blob =
          sql.first(BLOB_OF_DELETING, row -> new Blob(row.small(1), row.text(2)), id);
      if (blob.isPresent()) {
        sql.updateOne(PURGE, id);
        blobs.gone(blob.get().backend(), blob.get().location(), time.clockMillis());
        purged.addAssetIds(id);
      }
    }
    return Outcome.newBuilder().setAssetsPurged(purged).build();
  }

  private void mark(
      String id, MarkDeleting command, EntryTime time, DeletionMarked.Builder marked) {
    Optional<Asset.Builder> found = AssetRows.find(sql, id);
    if (found.isEmpty()) {
      marked.addRefused(refusal(id, Why.WHY_NOT_FOUND));
      return;
    }
    Asset.Builder asset = found.get();
    if (asset.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      marked.addRefused(refusal(id, Why.WHY_DELETING));
      return;
    }
    int holding = holding(asset, time);
    if (holding > 0 && !command.getEndLeases()) {
      marked.addRefused(refusal(id, Why.WHY_LEASED).setLeaseCount(holding));
      return;
    }
    if (tooYoung(asset, command, time)) {
      marked.addRefused(refusal(id, Why.WHY_TOO_YOUNG));
      return;
    }
    endLeases(asset);
    sql.updateOne(MARK, id);
    if (condemned(asset, time)) {
      marked.setBytesFreed(Math.addExact(marked.getBytesFreed(), asset.getSizeBytes()));
    }
    marked.addMarked(asset.setStatus(AssetStatus.ASSET_STATUS_DELETING).setReferenceCount(0));
  }

  /** Whether the blob goes with the asset, which has just been marked. */
  private boolean condemned(Asset.Builder asset, EntryTime time) {
    int backend = asset.getBackendValue();
    String location = asset.getLocation();
    if (backend == StorageBackend.STORAGE_BACKEND_HTTP_VALUE || blobs.used(backend, location)) {
      return false;
    }
    // Whoever has reserved it may come to nothing, and then it must not be swept up.
    boolean needed =
        kept.keepForBackups(backend, location, time.formatLevel())
            || blobs.reserved(backend, location, time.clockMillis());
    if (!needed) {
      blobs.condemn(backend, location);
    }
    return !needed;
  }

  private int holding(Asset.Builder asset, EntryTime time) {
    if (asset.getReferenceCount() == 0) {
      return 0;
    }
    long expired = sql.integer(EXPIRED_OF_ASSET, asset.getId(), time.clockMillis());
    return Math.toIntExact(asset.getReferenceCount() - expired);
  }

  private static boolean tooYoung(Asset.Builder asset, MarkDeleting command, EntryTime time) {
    long minIdle = command.getMinIdleSeconds();
    return minIdle > 0 && asset.getLastAccessedAt() > time.wallSeconds() - minIdle;
  }

  private void endLeases(Asset.Builder asset) {
    int ended = asset.getReferenceCount() == 0 ? 0 : sql.update(END_LEASES, asset.getId());
    if (ended != asset.getReferenceCount()) {
      throw new RegistryException(
          "asset %s counted %d leases but had %d"
              .formatted(asset.getId(), asset.getReferenceCount(), ended));
    }
  }

  private static Refusal.Builder refusal(String id, Why why) {
    return Refusal.newBuilder().setAssetId(id).setWhy(why);
  }

  private record Blob(int backend, String location) {}
}
