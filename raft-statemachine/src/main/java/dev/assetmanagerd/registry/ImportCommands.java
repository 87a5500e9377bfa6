package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.Imported;
import dev.assetmanagerd.log.v1.ImportedLease;
import dev.assetmanagerd.log.v1.Outcome;

/**
 * Taking over what a single-node daemon had. Each item is decided by {@link ImportRules} as the
 * ones before it have left the registry; whatever is there afterwards is remembered as imported.
 */
final class ImportCommands {
  private final ImportRules rules;
  private final ImportRows imports;
  private final AssetCommands assets;
  private final LeaseBook leases;

  ImportCommands(Sql sql, AssetCommands assets, LeaseBook leases) {
    this.rules = new ImportRules(sql);
    this.imports = new ImportRows(sql);
    this.assets = assets;
    this.leases = leases;
  }

  Outcome importAssets(ImportAssets command, EntryTime time) {
    Imported.Builder imported = Imported.newBuilder();
    for (ImportAssets.Item item : command.getItemsList()) {
      if (!item.hasAsset()) {
        imported.addResults(item.getRefused());
        continue;
      }
      Asset asset = item.getAsset();
      ImportResult result = rules.ofAsset(item, time.clockMillis());
      if (result.getVerdict() == Verdict.VERDICT_IMPORTED) {
        assets.restore(stamped(asset, item.getInUse(), time), time);
      }
      remember(ImportRows.ASSET, asset.getId(), result);
      imported.addResults(result);
    }
    return Outcome.newBuilder().setAssetsImported(imported).build();
  }

  /**
   * With the times that the old daemon did not know, and in a status that the cluster can act on.
   */
  private static Asset stamped(Asset asset, boolean inUse, EntryTime time) {
    Asset.Builder stamped = asset.toBuilder().setReferenceCount(0);
    if (asset.getStatus() != AssetStatus.ASSET_STATUS_ERROR) {
      stamped.setStatus(AssetStatus.ASSET_STATUS_AVAILABLE);
    }
    if (asset.getCreatedAt() == 0) {
      stamped.setCreatedAt(time.wallSeconds());
    }
    if (inUse || asset.getLastAccessedAt() == 0) {
      stamped.setLastAccessedAt(Math.max(asset.getLastAccessedAt(), time.wallSeconds()));
    }
    return stamped.build();
  }

  /** The use of the asset is not moved: it was leased long ago. */
  Outcome importLeases(ImportLeases command, EntryTime time) {
    Imported.Builder imported = Imported.newBuilder();
    for (ImportLeases.Item item : command.getItemsList()) {
      if (!item.hasLease()) {
        imported.addResults(item.getRefused());
        continue;
      }
      ImportedLease lease = item.getLease();
      ImportResult result = rules.ofLease(lease, time.clockMillis(), id -> false);
      if (result.getVerdict() == Verdict.VERDICT_IMPORTED) {
        leases.restore(lease, time);
      }
      remember(ImportRows.LEASE, lease.getId(), result);
      imported.addResults(result);
    }
    return Outcome.newBuilder().setLeasesImported(imported).build();
  }

  private void remember(int kind, String id, ImportResult result) {
    if (result.getVerdict() == Verdict.VERDICT_IMPORTED
        || result.getVerdict() == Verdict.VERDICT_UNCHANGED) {
      imports.remember(kind, id);
    }
  }
}
