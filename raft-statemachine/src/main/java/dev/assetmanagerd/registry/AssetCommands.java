package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.AssetRegistered;
import dev.assetmanagerd.log.v1.AssetsTouched;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.TouchAssets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Registering and touching. */
final class AssetCommands {
  private static final String INSERT =
      """
      INSERT INTO assets (id, name, type, status, backend, location, size_bytes, checksum,
        created_by, created_at, last_accessed_at, lease_count, build_id, source_image)
      VALUES (?, ?, ?, 2, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
      """;
  private static final String INSERT_LABEL =
      "INSERT INTO asset_labels (asset_id, key, value, created_at, type) VALUES (?, ?, ?, ?, ?)";
  private static final String LOCATION_BEING_DELETED =
      "SELECT id FROM assets WHERE location = ? AND backend = ? AND status = 3 LIMIT 1";
  private static final String TOUCH =
      "UPDATE assets SET last_accessed_at = ?1 WHERE id = ?2 AND status = 2"
          + " AND last_accessed_at < ?1";

  private final Sql sql;

  AssetCommands(Sql sql) {
    this.sql = sql;
  }

  Outcome register(RegisterAsset command, EntryTime time) {
    Asset wanted = command.getAsset();
    Outcome malformed = malformed(wanted);
    if (malformed != null) {
      return malformed;
    }
    Optional<Asset> holder = AssetRows.find(sql, wanted.getId()).map(Asset.Builder::build);
    if (holder.isPresent()) {
      return idTaken(wanted, holder.get());
    }
    boolean beingDeleted =
        sql.first(
                LOCATION_BEING_DELETED,
                row -> row.text(1),
                wanted.getLocation(),
                wanted.getBackendValue())
            .isPresent();
    if (beingDeleted) {
      return locationBeingDeleted(wanted);
    }
    Asset asset = stamped(wanted, time);
    insert(asset);
    return Outcome.newBuilder()
        .setAssetRegistered(AssetRegistered.newBuilder().setAsset(asset))
        .build();
  }

  /** Moves the time of last use of AVAILABLE assets, never backwards; counts those it moved. */
  Outcome touch(TouchAssets command, EntryTime time) {
    int count = 0;
    for (String id : command.getAssetIdsList()) {
      count += sql.update(TOUCH, time.wallSeconds(), id);
    }
    return Outcome.newBuilder()
        .setAssetsTouched(AssetsTouched.newBuilder().setCount(count))
        .build();
  }

  private static @Nullable Outcome malformed(Asset asset) {
    if (asset.getId().isEmpty()) {
      return Outcomes.invalid("asset.id", "the asset has no id");
    }
    if (asset.getTypeValue() <= 0) {
      return Outcomes.invalid("asset.type", "the asset has no type");
    }
    if (asset.getBackendValue() <= 0) {
      return Outcomes.invalid("asset.backend", "the asset has no storage backend");
    }
    if (asset.getLocation().isEmpty()) {
      return Outcomes.invalid("asset.location", "the asset has no location");
    }
    if (asset.getSizeBytes() < 0) {
      return Outcomes.invalid("asset.size_bytes", asset.getSizeBytes() + " is negative");
    }
    if (asset.getCreatedAt() < 0) {
      return Outcomes.invalid("asset.created_at", asset.getCreatedAt() + " is negative");
    }
    if (asset.getLastAccessedAt() < 0) {
      return Outcomes.invalid("asset.last_accessed_at", asset.getLastAccessedAt() + " is negative");
    }
    if (asset.containsLabels("")) {
      return Outcomes.invalid("asset.labels", "a label has an empty key");
    }
    return null;
  }

  private static Outcome idTaken(Asset wanted, Asset holder) {
    if (holder.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      boolean sameBlob =
          holder.getBackendValue() == wanted.getBackendValue()
              && holder.getLocation().equals(wanted.getLocation());
      return sameBlob
          ? locationBeingDeleted(wanted)
          : Outcomes.rejected(
              Rule.RULE_ASSET_NOT_AVAILABLE,
              "asset.id",
              "the asset \"" + holder.getId() + "\" is being deleted");
    }
    if (!content(holder).equals(content(wanted))) {
      return Outcomes.rejected(
          Rule.RULE_ASSET_EXISTS,
          "asset.id",
          "the id \"" + holder.getId() + "\" is taken by an asset with other content");
    }
    return Outcome.newBuilder()
        .setAssetRegistered(AssetRegistered.newBuilder().setAsset(holder).setExisted(true))
        .build();
  }

  /**
   * What makes two registrations of one id the same: everything that says what the asset is. Not
   * who registered it and when, nor what became of it since.
   */
  private static Asset content(Asset asset) {
    return asset.toBuilder()
        .clearStatus()
        .clearCreatedBy()
        .clearCreatedAt()
        .clearLastAccessedAt()
        .clearReferenceCount()
        .build();
  }

  private static Outcome locationBeingDeleted(Asset wanted) {
    return Outcomes.rejected(
        Rule.RULE_LOCATION_BEING_DELETED,
        "asset.location",
        "an asset at \"" + wanted.getLocation() + "\" is being deleted; try again when it is gone");
  }

  /** As it will be stored. */
  private static Asset stamped(Asset wanted, EntryTime time) {
    Asset.Builder asset = wanted.toBuilder();
    asset.setStatus(AssetStatus.ASSET_STATUS_AVAILABLE).setReferenceCount(0);
    if (asset.getCreatedAt() == 0) {
      asset.setCreatedAt(time.wallSeconds());
    }
    if (asset.getLastAccessedAt() == 0) {
      asset.setLastAccessedAt(time.wallSeconds());
    }
    return asset.build();
  }

  private void insert(Asset asset) {
    sql.updateOne(
        INSERT,
        asset.getId(),
        asset.getName(),
        asset.getTypeValue(),
        asset.getBackendValue(),
        asset.getLocation(),
        asset.getSizeBytes(),
        asset.getChecksum(),
        asset.getCreatedBy(),
        asset.getCreatedAt(),
        asset.getLastAccessedAt(),
        asset.getBuildId(),
        asset.getSourceImage());
    asset
        .getLabelsMap()
        .forEach(
            (key, value) ->
                sql.updateOne(
                    INSERT_LABEL,
                    asset.getId(),
                    key,
                    value,
                    asset.getCreatedAt(),
                    asset.getTypeValue()));
  }
}
