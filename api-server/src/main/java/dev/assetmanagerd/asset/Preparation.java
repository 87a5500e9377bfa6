package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.place.Placement;
import dev.assetmanagerd.storage.place.PlacementException;
import dev.assetmanagerd.storage.place.PlacementItem;
import dev.assetmanagerd.storage.place.PlacementMode;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Puts assets into the directory of a VM on this node's host. From before the first byte is looked
 * at until all files are in place, it holds leases on the assets.
 */
final class Preparation {
  private static final String KERNEL_FILE = "vmlinux";
  private static final String ROOTFS_FILE = "rootfs.ext4";
  private static final String METADATA_FILE = "metadata.json";

  private final RegistryAccess registry;
  private final WorkingLeases working;
  private final KeptLeases kept;
  private final BlobReader blobs;
  private final AssetFiles files;
  private final Placement placement;
  private final AssetServiceOptions options;
  private final FailPoints failPoints;

  Preparation(
      RegistryAccess registry,
      WorkingLeases working,
      BlobReader blobs,
      AssetFiles files,
      Placement placement,
      AssetServiceOptions options,
      FailPoints failPoints) {
    this.registry = registry;
    this.working = working;
    this.kept = new KeptLeases(registry, options.leases());
    this.blobs = blobs;
    this.files = files;
    this.placement = placement;
    this.options = options;
    this.failPoints = failPoints;
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
    Optional<AcquireLeases> wanted = kept.wanted(scope, ids, request.getPreparedFor(), deadline);
    String purpose =
        request.getPreparedFor().isBlank() ? request.getTargetPath() : request.getPreparedFor();
    Map<String, String> fileNames;
    // While they are held, no byte of these assets is deleted.
    try (WorkingLeases.Held held = working.take(scope, ids, purpose, deadline)) {
      failPoints.hit(FailPoint.PREPARE_AFTER_LEASES);
      fileNames = place(held.assets(), target, deadline);
      failPoints.hit(FailPoint.PREPARE_AFTER_PLACE);
      wanted.ifPresent(leases -> kept.take(scope, leases, registry.deadlineAfterTransfer()));
    }
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

  /** Asset id to file name. */
  private Map<String, String> place(List<Asset> assets, Path target, Deadline deadline)
      throws IOException {
    List<LocalBlob> held = new ArrayList<>();
    try {
      List<PlacementItem> items = new ArrayList<>();
      Map<String, String> names = fileNames(assets, items, held, deadline);
      place(items, target);
      return names;
    } finally {
      held.forEach(LocalBlob::close);
    }
  }

  /** Asset id to file name, the items to place for them, and what has to be closed after that. */
  private Map<String, String> fileNames(
      List<Asset> assets, List<PlacementItem> items, List<LocalBlob> held, Deadline deadline)
      throws IOException {
    Map<String, String> byAsset = new LinkedHashMap<>();
    Map<String, String> ownerOfName = new HashMap<>();
    for (Asset asset : assets) {
      String name = fileName(asset);
      claim(ownerOfName, name, asset);
      byAsset.put(asset.getId(), name);
      LocalBlob file = files.hold(asset, timeout(deadline));
      held.add(file);
      items.add(new PlacementItem(file.path(), name, mode(asset)));
      Optional<Path> companion = companion(asset);
      if (companion.isPresent()) {
        claim(ownerOfName, METADATA_FILE, asset);
        items.add(new PlacementItem(companion.get(), METADATA_FILE, PlacementMode.CLONE));
      }
    }
    return byAsset;
  }

  private static Duration timeout(Deadline deadline) {
    return Duration.ofNanos(Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)));
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
