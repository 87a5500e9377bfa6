package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.TouchAssets;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.place.Placement;
import dev.assetmanagerd.storage.place.PlacementException;
import dev.assetmanagerd.storage.place.PlacementItem;
import dev.assetmanagerd.storage.place.PlacementMode;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Puts assets into the directory of a VM on this node's host. */
final class Preparation {
  private static final String KERNEL_FILE = "vmlinux";
  private static final String ROOTFS_FILE = "rootfs.ext4";
  private static final String METADATA_FILE = "metadata.json";

  private final RegistryAccess registry;
  private final BlobReader blobs;
  private final Placement placement;
  private final AssetServiceOptions options;

  Preparation(
      RegistryAccess registry, BlobReader blobs, Placement placement, AssetServiceOptions options) {
    this.registry = registry;
    this.blobs = blobs;
    this.placement = placement;
    this.options = options;
  }

  /** Blocks until all files are in place, or none. */
  PrepareAssetsResponse prepare(CallScope scope, PrepareAssetsRequest request) throws IOException {
    List<String> ids = AssetRequests.prepare(request);
    Path target = targetPath(request.getTargetPath());
    if (!options.prepareRemoteCallers() && !OwnHost.contains(scope.caller())) {
      throw ApiErrors.permissionDenied(
          "target_path: is a directory of this node's host, and the caller is on another; ask the"
              + " node on the caller's own host");
    }
    Deadline deadline = registry.deadline();
    List<Asset> assets = assets(ids, deadline);
    List<PlacementItem> items = new ArrayList<>();
    Map<String, String> fileNames = fileNames(assets, items);
    touch(scope, ids, deadline);
    place(items, target);
    Map<String, String> paths = new LinkedHashMap<>();
    fileNames.forEach((id, name) -> paths.put(id, target.resolve(name).toString()));
    return PrepareAssetsResponse.newBuilder().putAllAssetPaths(paths).build();
  }

  private static Path targetPath(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw ApiErrors.invalid("target_path", text, "is no path on this host");
    }
  }

  private List<Asset> assets(List<String> ids, Deadline deadline) {
    return registry.readLinearizableAndWait(
        deadline,
        view -> {
          Map<String, Asset> byId = new HashMap<>();
          view.assets(ids).forEach(asset -> byId.put(asset.getId(), asset));
          return ids.stream().map(id -> usable(id, byId)).toList();
        });
  }

  private static Asset usable(String id, Map<String, Asset> byId) {
    Asset asset = byId.get(id);
    if (asset == null) {
      throw ApiErrors.notFound("asset_ids: there is no asset " + ApiErrors.quoted(id));
    }
    if (asset.getStatus() != AssetStatus.ASSET_STATUS_AVAILABLE) {
      throw ApiErrors.failedPrecondition(
          "asset_ids: asset " + ApiErrors.quoted(id) + " is " + asset.getStatus());
    }
    return asset;
  }

  /** Asset id to file name, and the items to place for them. */
  private Map<String, String> fileNames(List<Asset> assets, List<PlacementItem> items)
      throws IOException {
    Map<String, String> byAsset = new LinkedHashMap<>();
    Map<String, String> ownerOfName = new HashMap<>();
    for (Asset asset : assets) {
      String name = fileName(asset);
      claim(ownerOfName, name, asset);
      byAsset.put(asset.getId(), name);
      items.add(new PlacementItem(AssetReads.localFile(blobs, asset), name, mode(asset)));
      Optional<Path> companion = companion(asset);
      if (companion.isPresent()) {
        claim(ownerOfName, METADATA_FILE, asset);
        items.add(new PlacementItem(companion.get(), METADATA_FILE, PlacementMode.CLONE));
      }
    }
    return byAsset;
  }

  private static void claim(Map<String, String> ownerOfName, String name, Asset asset) {
    String other = ownerOfName.putIfAbsent(name, asset.getId());
    if (other != null) {
      throw ApiErrors.invalid(
          "asset_ids",
          "assets "
              + ApiErrors.quoted(other)
              + " and "
              + ApiErrors.quoted(asset.getId())
              + " would both be the file "
              + name);
    }
  }

  private static String fileName(Asset asset) {
    return switch (asset.getType()) {
      case ASSET_TYPE_KERNEL -> KERNEL_FILE;
      case ASSET_TYPE_ROOTFS -> ROOTFS_FILE;
      default -> asset.getLocation().substring(asset.getLocation().lastIndexOf('/') + 1);
    };
  }

  private PlacementMode mode(Asset asset) {
    return switch (asset.getType()) {
      case ASSET_TYPE_ROOTFS -> options.rootfsPlacement();
      case ASSET_TYPE_DISK_IMAGE -> options.diskImagePlacement();
      default -> PlacementMode.LINK;
    };
  }

  private Optional<Path> companion(Asset asset) throws IOException {
    if (asset.getType() != AssetType.ASSET_TYPE_ROOTFS) {
      return Optional.empty();
    }
    for (String location : companionLocations(asset.getLocation())) {
      try {
        if (blobs.stat(location).isPresent()) {
          return blobs.localFile(location);
        }
      } catch (InvalidLocationException e) {
        // A name too long to have a companion, or something else than a file: then there is none.
      }
    }
    return Optional.empty();
  }

  /**
   * Beside {@code x.ext4} its metadata may be {@code x.ext4.metadata.json} or {@code
   * x.metadata.json}.
   */
  private static List<String> companionLocations(String location) {
    int dot = location.lastIndexOf('.');
    if (dot <= location.lastIndexOf('/') + 1) {
      return List.of(BlobCompanion.locationOf(location));
    }
    return List.of(
        BlobCompanion.locationOf(location), BlobCompanion.locationOf(location.substring(0, dot)));
  }

  /** Before placing, so that what is about to be used does not look idle to a collection. */
  private void touch(CallScope scope, List<String> ids, Deadline deadline) {
    Command.Builder command =
        Command.newBuilder().setTouchAssets(TouchAssets.newBuilder().addAllAssetIds(ids));
    registry.proposeAndWait(scope, command, deadline);
  }

  private void place(List<PlacementItem> items, Path target) throws IOException {
    try {
      placement.place(target, items);
    } catch (PlacementException e) {
      throw refused(e);
    }
  }

  private static StatusRuntimeException refused(PlacementException failure) {
    String message = "target_path: " + failure.getMessage();
    return switch (failure.reason()) {
      case INVALID_NAME -> ApiErrors.invalid("target_path", String.valueOf(failure.getMessage()));
      case OUTSIDE_ROOTS, PERMISSION -> ApiErrors.permissionDenied(message);
      case IN_THE_WAY, READ_ONLY -> ApiErrors.failedPrecondition(message);
      case SOURCE_MISSING, SOURCE_CHANGED -> ApiErrors.dataLoss(message);
      case NO_SPACE -> ApiErrors.resourceExhausted(message);
      case IO -> ApiErrors.unavailable(message);
    };
  }
}
