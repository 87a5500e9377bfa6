package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AssetRegistered;
import dev.assetmanagerd.log.v1.AssetsTouched;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.TouchAssets;
import dev.assetmanagerd.registry.BlobRows.Reservation;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Registering and touching. */
final class AssetCommands {
  private static final String INSERT =
      """
      INSERT INTO assets (id, name, type, status, backend, location, size_bytes, checksum,
        created_by, created_at, last_accessed_at, lease_count, build_id, source_image)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
      """;
  private static final String INSERT_LABEL =
      "INSERT INTO asset_labels (asset_id, key, value, created_at, type) VALUES (?, ?, ?, ?, ?)";
  private static final String HEAL =
      "UPDATE assets SET status = 2, location = ? WHERE id = ? AND status = 4";
  private static final String TOUCH =
      "UPDATE assets SET last_accessed_at = ?1 WHERE id = ?2 AND status = 2"
          + " AND last_accessed_at < ?1";

  private final Sql sql;
  private final BlobRows blobs;
  private final KeptBlobs kept;
  private final BuildCommands builds;
  private final UploadCommands uploads;

  AssetCommands(Sql sql, BuildCommands builds, UploadCommands uploads) {
    this.sql = sql;
    this.blobs = new BlobRows(sql);
    this.kept = new KeptBlobs(sql);
    this.builds = builds;
    this.uploads = uploads;
  }

  Outcome register(RegisterAsset command, EntryTime time) {
    Asset wanted = command.getAsset();
    Outcome malformed = malformed(wanted);
    if (malformed != null) {
      return malformed;
    }
    String uploadId = command.getUploadId();
    if (!uploadId.isEmpty()) {
      Optional<String> before = uploads.assetOf(uploadId, time);
      Outcome instead =
          before.isPresent()
              ? completedBefore(command, before.get())
              : uploads.refusal(uploadId, wanted, time);
      if (instead != null) {
        return instead;
      }
    }
    String reservationId = command.getReservationId();
    Optional<Reservation> reservation =
        reservationId.isEmpty() ? Optional.empty() : blobs.reservation(reservationId);
    Optional<Asset> holder = AssetRows.find(sql, wanted.getId()).map(Asset.Builder::build);
    Outcome outcome;
    if (holder.isPresent()) {
      outcome =
          idTaken(command, holder.get(), reservation.filter(r -> r.live(time.clockMillis())), time);
    } else {
      outcome = registerNew(command, reservation, time);
    }
    if (outcome.hasAssetRegistered()) {
      blobs.unreserve(reservationId);
      if (!uploadId.isEmpty()) {
        uploads.complete(uploadId, outcome.getAssetRegistered().getAsset().getId(), time);
      }
      completeBuilds(outcome.getAssetRegistered().getAsset(), time);
    }
    return outcome;
  }

  /** Whoever completes an upload again gets what it became, and needs no other bytes kept. */
  private Outcome completedBefore(RegisterAsset command, String assetId) {
    Optional<Asset> asset = AssetRows.find(sql, assetId).map(Asset.Builder::build);
    if (asset.isEmpty()) {
      return Outcomes.assetNotFound("upload_id", assetId);
    }
    blobs.unreserve(command.getReservationId());
    return registered(asset.get(), true);
  }

  private void completeBuilds(Asset asset, EntryTime time) {
    if (asset.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE) {
      builds.completeBy(asset, time);
    }
  }

  private Outcome registerNew(
      RegisterAsset command, Optional<Reservation> reservation, EntryTime time) {
    Asset wanted = command.getAsset();
    if (!command.getReservationId().isEmpty()) {
      if (reservation.isEmpty() || !reservation.get().live(time.clockMillis())) {
        return Outcomes.rejected(
            Rule.RULE_RESERVATION_EXPIRED,
            "reservation_id",
            "the reservation \"" + command.getReservationId() + "\" has expired or never was");
      }
      if (!reservation.get().isFor(wanted)) {
        return Outcomes.invalid(
            "reservation_id",
            "the reservation \"" + command.getReservationId() + "\" is for other bytes");
      }
    }
    if (blobs.condemned(wanted.getBackendValue(), wanted.getLocation())) {
      return locationBeingDeleted(wanted);
    }
    Asset asset = stamped(wanted, time);
    insert(asset);
    return registered(asset, false);
  }

  /**
   * Writes an asset that another registry had, of which {@link #malformed} and all else is fine.
   */
  void restore(Asset asset, EntryTime time) {
    insert(asset);
    completeBuilds(asset, time);
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

  /** Why no such asset can be there; null where nothing speaks against it. */
  static @Nullable Outcome malformed(Asset asset) {
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

  private Outcome idTaken(
      RegisterAsset command, Asset holder, Optional<Reservation> liveReservation, EntryTime time) {
    Asset wanted = command.getAsset();
    boolean uploaded = !command.getReservationId().isEmpty();
    if (holder.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      return sameBlob(holder, wanted, uploaded)
          ? locationBeingDeleted(wanted)
          : Outcomes.rejected(
              Rule.RULE_ASSET_NOT_AVAILABLE,
              "asset.id",
              "the asset \"" + holder.getId() + "\" is being deleted");
    }
    if (!content(holder, uploaded).equals(content(wanted, uploaded))) {
      return Outcomes.rejected(
          Rule.RULE_ASSET_EXISTS,
          "asset.id",
          "the id \"" + holder.getId() + "\" is taken by an asset with other content");
    }
    return registered(healed(holder, wanted, liveReservation, time), true);
  }

  /** A blob that was missing may have been so for a while only, and a backup may refer to it. */
  private void keepLeft(Asset asset, EntryTime time) {
    int backend = asset.getBackendValue();
    if (backend != StorageBackend.STORAGE_BACKEND_HTTP_VALUE
        && !blobs.used(backend, asset.getLocation())) {
      kept.keepForBackups(backend, asset.getLocation(), time.formatLevel());
    }
  }

  /** An asset that had lost its blob gets the bytes that were stored under a reservation. */
  private Asset healed(
      Asset holder, Asset wanted, Optional<Reservation> liveReservation, EntryTime time) {
    boolean stored = liveReservation.filter(reservation -> reservation.isFor(wanted)).isPresent();
    if (!stored || sql.update(HEAL, wanted.getLocation(), holder.getId()) == 0) {
      return holder;
    }
    keepLeft(holder, time);
    return holder.toBuilder()
        .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
        .setLocation(wanted.getLocation())
        .build();
  }

  /** Where an upload's bytes are is not of its choosing: there, what they are counts. */
  private static boolean sameBlob(Asset one, Asset other, boolean uploaded) {
    return one.getBackendValue() == other.getBackendValue()
        && (uploaded
            ? one.getChecksum().equals(other.getChecksum())
            : one.getLocation().equals(other.getLocation()));
  }

  private static Outcome registered(Asset asset, boolean existed) {
    return Outcome.newBuilder()
        .setAssetRegistered(AssetRegistered.newBuilder().setAsset(asset).setExisted(existed))
        .build();
  }

  /**
   * What makes two registrations of one id the same: everything that says what the asset is. Not
   * who registered it and when, nor what became of it since, nor the name the registry gave to the
   * bytes of an upload.
   */
  static Asset content(Asset asset, boolean uploaded) {
    return asset.toBuilder()
        .setLocation(uploaded ? "" : asset.getLocation())
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
        asset.getStatusValue(),
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
