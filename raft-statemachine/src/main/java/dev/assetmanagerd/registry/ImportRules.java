package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportedLease;
import dev.assetmanagerd.log.v1.Outcome;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What becomes of an asset or a lease of a single-node daemon. Only looks; so a dry run is answered
 * by the rules that apply goes by.
 */
final class ImportRules {
  private static final ImportResult IMPORTED =
      ImportResult.newBuilder().setVerdict(Verdict.VERDICT_IMPORTED).build();
  private static final ImportResult UNCHANGED =
      ImportResult.newBuilder().setVerdict(Verdict.VERDICT_UNCHANGED).build();

  private final Sql sql;
  private final BlobRows blobs;
  private final LeaseBook leases;
  private final ImportRows imports;

  ImportRules(Sql sql) {
    this.sql = sql;
    this.blobs = new BlobRows(sql);
    this.leases = new LeaseBook(sql);
    this.imports = new ImportRows(sql);
  }

  ImportResult ofAsset(ImportAssets.Item item, long clockMillis) {
    Asset asset = item.getAsset();
    Outcome malformed = AssetCommands.malformed(asset);
    if (malformed != null) {
      return skipped(Reason.REASON_INVALID, malformed.getRejection().getMessage());
    }
    Optional<Asset> holder = AssetRows.find(sql, asset.getId()).map(Asset.Builder::build);
    if (holder.isPresent()) {
      return idTaken(holder.get(), asset);
    }
    if (imports.remembered(ImportRows.ASSET, asset.getId())) {
      return leftOut("the asset was imported before, and deleted in the cluster since");
    }
    if (item.getUnverified()) {
      return skipped(
          Reason.REASON_BEING_DELETED,
          "the cluster has deleted the asset of this id during the import");
    }
    // One that is gone, too: it may have gone after its blob was seen.
    if (blobs.tombstone(asset.getBackendValue(), asset.getLocation(), clockMillis)) {
      return skipped(
          Reason.REASON_BEING_DELETED,
          "the cluster is deleting, or has deleted within 30 days, what was at \""
              + asset.getLocation()
              + "\"");
    }
    return IMPORTED;
  }

  private static ImportResult idTaken(Asset holder, Asset wanted) {
    if (holder.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      return skipped(Reason.REASON_BEING_DELETED, "the cluster is deleting the asset of this id");
    }
    return content(holder, wanted).equals(content(wanted, wanted))
        ? UNCHANGED
        : skipped(Reason.REASON_CONFLICT, "the id is taken by an asset with other content");
  }

  /**
   * What the asset is: as for registering, but for where its bytes are, which a repair in the
   * cluster may have changed, and for what {@code wanted} does not know of them.
   */
  private static Asset content(Asset asset, Asset wanted) {
    Asset.Builder content = AssetCommands.content(asset, true).toBuilder().clearBackend();
    if (wanted.getSizeBytes() == 0) {
      content.clearSizeBytes();
    }
    if (wanted.getChecksum().isEmpty()) {
      content.clearChecksum();
    }
    return content.build();
  }

  /**
   * @param planned ids of assets that count as AVAILABLE although they are not there, in a dry run
   */
  ImportResult ofLease(ImportedLease lease, long clockMillis, Predicate<String> planned) {
    String malformed = malformed(lease, clockMillis);
    if (!malformed.isEmpty()) {
      return skipped(Reason.REASON_INVALID, malformed);
    }
    Optional<LeaseRow> holder = LeaseRow.find(sql, lease.getId());
    if (holder.isPresent()) {
      return isSame(holder.get(), lease)
          ? UNCHANGED
          : skipped(
              Reason.REASON_CONFLICT, "the id is taken by a lease of another asset or holder");
    }
    if (imports.remembered(ImportRows.LEASE, lease.getId())
        || leases.released(lease.getId(), clockMillis).isPresent()) {
      return leftOut("the lease was in the cluster before, and has ended there since");
    }
    Optional<Asset.Builder> asset = AssetRows.find(sql, lease.getAssetId());
    if (asset.isEmpty()) {
      return planned.test(lease.getAssetId())
          ? IMPORTED
          : skipped(
              Reason.REASON_ASSET_NOT_FOUND,
              "its asset \"" + lease.getAssetId() + "\" is not in the cluster");
    }
    AssetStatus status = asset.get().getStatus();
    return status == AssetStatus.ASSET_STATUS_AVAILABLE
        ? IMPORTED
        : skipped(
            Reason.REASON_ASSET_NOT_AVAILABLE,
            "its asset \"" + lease.getAssetId() + "\" is " + status + ", not AVAILABLE");
  }

  /** Its end is left out: the cluster may have renewed it, or moved it into a session. */
  private static boolean isSame(LeaseRow held, ImportedLease lease) {
    return held.assetId().equals(lease.getAssetId())
        && held.acquiredBy().equals(lease.getAcquiredBy())
        && held.acquiredAt() == lease.getAcquiredAt();
  }

  private static String malformed(ImportedLease lease, long clockMillis) {
    if (lease.getId().isEmpty()) {
      return "id: the lease has no id";
    }
    if (lease.getAcquiredAt() < 0) {
      return "acquired_at: " + lease.getAcquiredAt() + " is negative";
    }
    boolean endless = lease.getTtlMillis() == 0 && lease.getRemainingMillis() == 0;
    if (!endless && (lease.getTtlMillis() <= 0 || lease.getRemainingMillis() <= 0)) {
      return "ttl_millis: %d with %d left is no lifetime"
          .formatted(lease.getTtlMillis(), lease.getRemainingMillis());
    }
    if (lease.getRemainingMillis() > Long.MAX_VALUE - clockMillis) {
      return "remaining_millis: "
          + lease.getRemainingMillis()
          + " is more than the clock can count";
    }
    return "";
  }

  private static ImportResult skipped(Reason reason, String message) {
    return result(Verdict.VERDICT_SKIPPED, reason, message);
  }

  private static ImportResult leftOut(String message) {
    return result(Verdict.VERDICT_LEFT_OUT, Reason.REASON_ENDED_SINCE, message);
  }

  private static ImportResult result(Verdict verdict, Reason reason, String message) {
    return ImportResult.newBuilder()
        .setVerdict(verdict)
        .setReason(reason)
        .setMessage(message)
        .build();
  }
}
