package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.ImportedLease;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What comes from a single-node daemon, in plain sets. */
final class ModelImports {
  private static final String IMPORTED = "VERDICT_IMPORTED REASON_UNSPECIFIED";
  private static final String UNCHANGED = "VERDICT_UNCHANGED REASON_UNSPECIFIED";
  private static final String ENDED = "VERDICT_LEFT_OUT REASON_ENDED_SINCE";

  private final Set<String> assetsBefore = new HashSet<>();
  private final Set<String> leasesBefore = new HashSet<>();
  private final Model model;

  ModelImports(Model model) {
    this.model = model;
  }

  String assets(ImportAssets command) {
    List<String> results = new ArrayList<>();
    for (ImportAssets.Item item : command.getItemsList()) {
      String result =
          item.hasRefused()
              ? item.getRefused().getVerdict() + " " + item.getRefused().getReason()
              : asset(item);
      results.add(result);
      if (item.hasAsset() && (result.equals(IMPORTED) || result.equals(UNCHANGED))) {
        assetsBefore.add(item.getAsset().getId());
      }
    }
    return "imported [" + String.join(", ", results) + "]";
  }

  private String asset(ImportAssets.Item item) {
    Asset wanted = item.getAsset();
    if (wanted.getId().isEmpty() || wanted.getTypeValue() == 0) {
      return skipped("INVALID");
    }
    Asset.Builder holder = model.assets.byId.get(wanted.getId());
    if (holder != null) {
      return holder.getStatus() == AssetStatus.ASSET_STATUS_DELETING
          ? skipped("BEING_DELETED")
          : isSame(holder, wanted) ? UNCHANGED : skipped("CONFLICT");
    }
    if (assetsBefore.contains(wanted.getId())) {
      return ENDED;
    }
    if (item.getUnverified() || model.assets.blobs.tombstone(wanted.getLocation())) {
      return skipped("BEING_DELETED");
    }
    Asset.Builder added = wanted.toBuilder();
    if (wanted.getStatus() != AssetStatus.ASSET_STATUS_ERROR) {
      added.setStatus(AssetStatus.ASSET_STATUS_AVAILABLE);
    }
    if (wanted.getLastAccessedAt() == 0
        || (item.getInUse() && wanted.getLastAccessedAt() < model.wall)) {
      added.setLastAccessedAt(model.wall);
    }
    model.assets.byId.put(wanted.getId(), added);
    if (added.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE) {
      model.builds.made(added);
    }
    return IMPORTED;
  }

  private static boolean isSame(Asset.Builder holder, Asset wanted) {
    return holder.getName().equals(wanted.getName())
        && holder.getType() == wanted.getType()
        && (wanted.getSizeBytes() == 0 || holder.getSizeBytes() == wanted.getSizeBytes())
        && (wanted.getChecksum().isEmpty() || holder.getChecksum().equals(wanted.getChecksum()))
        && holder.getLabelsMap().equals(wanted.getLabelsMap())
        && holder.getBuildId().equals(wanted.getBuildId())
        && holder.getSourceImage().equals(wanted.getSourceImage());
  }

  String leases(ImportLeases command) {
    List<String> results = new ArrayList<>();
    for (ImportLeases.Item item : command.getItemsList()) {
      ImportedLease wanted = item.getLease();
      String result = lease(wanted);
      results.add(result);
      if (result.equals(IMPORTED) || result.equals(UNCHANGED)) {
        leasesBefore.add(wanted.getId());
      }
    }
    return "imported [" + String.join(", ", results) + "]";
  }

  private String lease(ImportedLease wanted) {
    boolean endless = wanted.getTtlMillis() == 0;
    if (wanted.getId().isEmpty() || endless != (wanted.getRemainingMillis() == 0)) {
      return skipped("INVALID");
    }
    ModelLeases.Lease holder = model.leases.leases.get(wanted.getId());
    if (holder != null) {
      boolean same =
          holder.asset.equals(wanted.getAssetId())
              && holder.holder.equals(wanted.getAcquiredBy())
              && holder.acquiredAt == wanted.getAcquiredAt();
      return same ? UNCHANGED : skipped("CONFLICT");
    }
    if (leasesBefore.contains(wanted.getId()) || model.leases.givenBack(wanted.getId())) {
      return ENDED;
    }
    Asset.Builder asset = model.assets.byId.get(wanted.getAssetId());
    if (asset == null) {
      return skipped("ASSET_NOT_FOUND");
    }
    if (asset.getStatus() != AssetStatus.ASSET_STATUS_AVAILABLE) {
      return skipped("ASSET_NOT_AVAILABLE");
    }
    ModelLeases.Lease added =
        new ModelLeases.Lease(
            wanted.getId(),
            wanted.getAssetId(),
            wanted.getAcquiredBy(),
            wanted.getTtlMillis() / 1000,
            endless ? 0 : model.clock + wanted.getRemainingMillis(),
            "");
    added.acquiredAt = wanted.getAcquiredAt();
    model.leases.leases.put(wanted.getId(), added);
    return IMPORTED;
  }

  private static String skipped(String reason) {
    return "VERDICT_SKIPPED REASON_" + reason;
  }
}
