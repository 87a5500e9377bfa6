package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.PurgeAssets;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.TouchAssets;
import dev.assetmanagerd.registry.ModelBlobs.Reservation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Assets and their deletion in plain maps. */
final class ModelAssets {
  private static final AssetStatus AVAILABLE = AssetStatus.ASSET_STATUS_AVAILABLE;
  private static final AssetStatus DELETING = AssetStatus.ASSET_STATUS_DELETING;
  private static final AssetStatus ERROR = AssetStatus.ASSET_STATUS_ERROR;

  /** Without the reference count, which is what {@link ModelLeases} says. */
  final Map<String, Asset.Builder> byId = new TreeMap<>();

  final ModelBlobs blobs;
  private final Model model;

  ModelAssets(Model model) {
    this.model = model;
    this.blobs = new ModelBlobs(model, this);
  }

  String text(String id) {
    return Summaries.asset(existing(id).clone().setReferenceCount(model.leases.count(id)).build());
  }

  private Asset.Builder existing(String id) {
    return Objects.requireNonNull(byId.get(id), id);
  }

  void use(String id) {
    Asset.Builder asset = existing(id);
    asset.setLastAccessedAt(Math.max(asset.getLastAccessedAt(), model.wall));
  }

  String register(RegisterAsset command) {
    Asset wanted = command.getAsset();
    if (wanted.getId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "asset.id");
    }
    if (wanted.getTypeValue() == 0) {
      return Model.no(Rule.RULE_INVALID, "asset.type");
    }
    if (wanted.getBackendValue() == 0) {
      return Model.no(Rule.RULE_INVALID, "asset.backend");
    }
    if (wanted.getLocation().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "asset.location");
    }
    if (!command.getUploadId().isEmpty()) {
      String instead = model.uploads.instead(command);
      if (instead != null) {
        return instead;
      }
    }
    boolean upload = !command.getReservationId().isEmpty();
    Reservation reservation = blobs.live(command.getReservationId());
    Asset.Builder holder = byId.get(wanted.getId());
    String refused =
        holder != null
            ? taken(wanted, holder, upload)
            : refused(wanted, command.getReservationId(), reservation);
    if (refused != null) {
      return refused;
    }
    if (holder == null) {
      byId.put(
          wanted.getId(),
          wanted.toBuilder()
              .setStatus(AVAILABLE)
              .setCreatedAt(model.wall)
              .setLastAccessedAt(model.wall));
    } else if (holder.getStatus() == ERROR && reservation != null && reservation.isFor(wanted)) {
      String left = holder.getLocation();
      holder.setStatus(AVAILABLE).setLocation(wanted.getLocation());
      blobs.keepUnlessUsed(left);
    }
    blobs.reservations.remove(command.getReservationId());
    if (!command.getUploadId().isEmpty()) {
      model.uploads.became(command.getUploadId(), wanted.getId());
    }
    Asset.Builder now = existing(wanted.getId());
    if (now.getStatus() == AVAILABLE) {
      model.builds.made(now);
    }
    // Whoever registers again is told of no more leases than the registry counts.
    return "registered " + text(wanted.getId()) + (holder == null ? "" : " existed");
  }

  private @Nullable String taken(Asset wanted, Asset.Builder holder, boolean upload) {
    if (holder.getStatus() == DELETING) {
      boolean same =
          upload
              ? holder.getChecksum().equals(wanted.getChecksum())
              : holder.getLocation().equals(wanted.getLocation());
      return holder.getBackend() == wanted.getBackend() && same
          ? Model.no(Rule.RULE_LOCATION_BEING_DELETED, "asset.location")
          : Model.no(Rule.RULE_ASSET_NOT_AVAILABLE, "asset.id");
    }
    boolean same =
        holder.getName().equals(wanted.getName())
            && holder.getType() == wanted.getType()
            && holder.getBackend() == wanted.getBackend()
            && (upload || holder.getLocation().equals(wanted.getLocation()))
            && holder.getSizeBytes() == wanted.getSizeBytes()
            && holder.getChecksum().equals(wanted.getChecksum())
            && holder.getLabelsMap().equals(wanted.getLabelsMap())
            && holder.getBuildId().equals(wanted.getBuildId())
            && holder.getSourceImage().equals(wanted.getSourceImage());
    return same ? null : Model.no(Rule.RULE_ASSET_EXISTS, "asset.id");
  }

  private @Nullable String refused(
      Asset wanted, String reservationId, @Nullable Reservation reservation) {
    if (!reservationId.isEmpty()) {
      if (reservation == null) {
        return Model.no(Rule.RULE_RESERVATION_EXPIRED, "reservation_id");
      }
      if (!reservation.isFor(wanted)) {
        return Model.no(Rule.RULE_INVALID, "reservation_id");
      }
    }
    return blobs.condemned.contains(wanted.getLocation())
        ? Model.no(Rule.RULE_LOCATION_BEING_DELETED, "asset.location")
        : null;
  }

  String touch(TouchAssets command) {
    int touched = 0;
    for (String id : command.getAssetIdsList()) {
      Asset.Builder asset = byId.get(id);
      if (asset != null
          && asset.getStatus() == AVAILABLE
          && asset.getLastAccessedAt() < model.wall) {
        asset.setLastAccessedAt(model.wall);
        touched++;
      }
    }
    return "touched " + touched;
  }

  String mark(MarkDeleting command) {
    if (command.getMinIdleSeconds() < 0) {
      return Model.no(Rule.RULE_INVALID, "min_idle_seconds");
    }
    List<String> marked = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    long freed = 0;
    for (String id : command.getAssetIdsList()) {
      String why = whyNot(id, command);
      if (why != null) {
        refused.add(id + " " + why);
        continue;
      }
      Asset.Builder asset = existing(id);
      model.leases.endAll(id);
      asset.setStatus(DELETING);
      marked.add(text(id));
      if (blobs.condemnUnlessNeeded(asset.getLocation())) {
        freed += asset.getSizeBytes();
      }
    }
    return "marked " + marked + " not " + refused + " freed " + freed;
  }

  private @Nullable String whyNot(String id, MarkDeleting command) {
    Asset.Builder asset = byId.get(id);
    if (asset == null) {
      return "WHY_NOT_FOUND 0";
    }
    if (asset.getStatus() == DELETING) {
      return "WHY_DELETING 0";
    }
    int holding = model.leases.holding(id);
    if (holding > 0 && !command.getEndLeases()) {
      return "WHY_LEASED " + holding;
    }
    long idle = model.wall - asset.getLastAccessedAt();
    return command.getMinIdleSeconds() > 0 && idle < command.getMinIdleSeconds()
        ? "WHY_TOO_YOUNG 0"
        : null;
  }

  String purge(PurgeAssets command) {
    List<String> purged = new ArrayList<>();
    for (String id : command.getAssetIdsList()) {
      Asset.Builder asset = byId.get(id);
      if (asset != null && asset.getStatus() == DELETING) {
        byId.remove(id);
        blobs.deleted(asset.getLocation());
        purged.add(id);
      }
    }
    return "purged " + purged;
  }

  String note(NoteBlobs command) {
    int missing = move(command.getMissingAssetIdsList(), AVAILABLE, ERROR);
    int found = move(command.getFoundAssetIdsList(), ERROR, AVAILABLE);
    return "noted " + missing + " " + found;
  }

  private int move(List<String> ids, AssetStatus from, AssetStatus to) {
    int moved = 0;
    for (String id : ids) {
      Asset.Builder asset = byId.get(id);
      if (asset != null && asset.getStatus() == from) {
        asset.setStatus(to);
        moved++;
      }
    }
    return moved;
  }
}
