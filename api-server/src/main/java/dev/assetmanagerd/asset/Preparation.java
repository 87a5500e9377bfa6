package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.place.FileAccess;
import dev.assetmanagerd.storage.place.FileOwner;
import dev.assetmanagerd.storage.place.Placement;
import dev.assetmanagerd.storage.place.PlacementException;
import dev.assetmanagerd.storage.place.PlacementItem;
import dev.assetmanagerd.storage.place.PlacementMode;
import dev.assetmanagerd.storage.place.PlacementSource;
import io.grpc.Context;
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
import java.util.concurrent.Executor;
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
  private final RootfsCompanion companions;
  private final AssetFiles files;
  private final Executor fetchers;
  private final Placement placement;
  private final PrepareOptions options;
  private final FailPoints failPoints;
  private final PrepareCounters counters = new PrepareCounters();

  /**
   * @param fetchers get the bytes of the assets of one call side by side; may run a task on the
   *     thread that gives it to them
   */
  Preparation(
      RegistryAccess registry,
      WorkingLeases working,
      BlobReader blobs,
      AssetFiles files,
      Executor fetchers,
      Placement placement,
      AssetServiceOptions options,
      FailPoints failPoints) {
    this.registry = registry;
    this.working = working;
    this.kept = new KeptLeases(registry, options.leases());
    this.companions = new RootfsCompanion(options.backend(), blobs, System::nanoTime);
    this.files = files;
    this.fetchers = fetchers;
    this.placement = placement;
    this.options = options.prepare();
    this.failPoints = failPoints;
  }

  /** What has been prepared so far. */
  PrepareCounters counters() {
    return counters;
  }

  /** Blocks until all files are in place, or none. */
  PrepareAssetsResponse prepare(CallScope scope, PrepareAssetsRequest request) throws IOException {
    long begin = System.nanoTime();
    boolean done = false;
    try {
      PrepareAssetsResponse response = prepared(scope, request);
      done = true;
      return response;
    } finally {
      if (done) {
        counters.prepared(System.nanoTime() - begin);
      } else {
        counters.failed();
      }
    }
  }

  private PrepareAssetsResponse prepared(CallScope scope, PrepareAssetsRequest request)
      throws IOException {
    List<String> ids = AssetRequests.prepare(request);
    Path target = targetPath(request.getTargetPath());
    checkTarget(target);
    if (!options.remoteCallers() && !OwnHost.contains(scope.caller())) {
      throw ApiErrors.permissionDenied(
          "target_path: is a directory of this node's host, and the caller is on another; ask the"
              + " node on the caller's own host");
    }
    checkNamed(scope.prepare(), ids);
    FileAccess access = access(scope.prepare());
    Deadline fetchDeadline = fetchDeadline();
    Deadline deadline = registry.deadline();
    Optional<AcquireLeases> wanted = kept.wanted(scope, ids, request.getPreparedFor(), deadline);
    String purpose =
        request.getPreparedFor().isBlank() ? request.getTargetPath() : request.getPreparedFor();
    Map<String, String> fileNames;
    // While they are held, no byte of these assets is deleted.
    try (WorkingLeases.Held held = working.take(scope, ids, purpose, deadline)) {
      failPoints.hit(FailPoint.PREPARE_AFTER_LEASES);
      fileNames = place(held.assets(), target, scope.prepare(), access, fetchDeadline);
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

  /** Before anything is fetched or held for a directory that is not allowed. */
  private void checkTarget(Path target) {
    if (placement.isRoot(target)) {
      throw ApiErrors.invalid(
          "target_path",
          target.toString(),
          "is where all VMs have their directories; name one VM's below it");
    }
    try {
      placement.checkTarget(target);
    } catch (PlacementException e) {
      throw refused(e);
    }
  }

  /** Names are for assets of this call: another one's is a slip that would go unnoticed. */
  private static void checkNamed(PrepareHeaders headers, List<String> ids) {
    for (String id : headers.targetNames().keySet()) {
      if (!ids.contains(id)) {
        throw ApiErrors.invalid(
            PrepareHeaders.TARGET_NAMES_NAME, id, "is none of the asset_ids of the call");
      }
    }
  }

  /** Root's files are for guests of root's alone, and whether there are any the operator says. */
  private FileAccess access(PrepareHeaders headers) {
    if (headers.owner().isEmpty()) {
      return options.access();
    }
    FileOwner owner = headers.owner().get();
    Optional<FileOwner> configured = options.access().owner();
    boolean rootUser = configured.isPresent() && configured.get().uid() == 0;
    boolean rootGroup = configured.isPresent() && configured.get().gid() == 0;
    if ((owner.uid() == 0 && !rootUser) || (owner.gid() == 0 && !rootGroup)) {
      throw ApiErrors.invalid(
          PrepareHeaders.OWNER_NAME,
          owner.toString(),
          "must not name user or group 0, unless PREPARE_OWNER of this node does");
    }
    return new FileAccess(Optional.of(owner), options.access().permissions());
  }

  /** To be asked on the call's thread. */
  private Deadline fetchDeadline() {
    Deadline caller = Context.current().getDeadline();
    return caller == null
        ? Deadline.after(options.fetchTimeout().toNanos(), TimeUnit.NANOSECONDS)
        : caller;
  }

  /** Asset id to file name. */
  private Map<String, String> place(
      List<Asset> assets,
      Path target,
      PrepareHeaders headers,
      FileAccess access,
      Deadline fetchDeadline)
      throws IOException {
    Map<String, String> names = new LinkedHashMap<>();
    Map<String, String> ownerOfName = new HashMap<>();
    for (Asset asset : assets) {
      String name = fileName(asset, headers);
      claim(ownerOfName, name, asset);
      names.put(asset.getId(), name);
    }
    List<PlacementItem> items = new ArrayList<>();
    try (FetchedFiles fetched =
        FetchedFiles.hold(files, companions, assets, fetchDeadline, fetchers)) {
      for (int i = 0; i < assets.size(); i++) {
        Asset asset = assets.get(i);
        items.add(new PlacementItem(fetched.path(i), fileName(asset, headers), mode(asset)));
        Optional<PlacementSource> companion = fetched.companion(i);
        if (companion.isPresent()) {
          String name = companionName(asset, headers);
          claim(ownerOfName, name, asset);
          items.add(new PlacementItem(companion.get(), name, PlacementMode.CLONE));
        }
      }
      place(items, target, access);
    }
    return names;
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

  private static String fileName(Asset asset, PrepareHeaders headers) {
    String wanted = headers.targetNames().get(asset.getId());
    if (wanted != null) {
      return wanted;
    }
    return switch (asset.getType()) {
      case ASSET_TYPE_KERNEL -> KERNEL_FILE;
      case ASSET_TYPE_ROOTFS -> ROOTFS_FILE;
      default -> baseName(asset);
    };
  }

  private static String baseName(Asset asset) {
    String path = asset.getLocation();
    if (asset.getBackend() == StorageBackend.STORAGE_BACKEND_HTTP) {
      path = path.replaceFirst("[?#].*$", "");
    }
    String name = path.substring(path.lastIndexOf('/') + 1);
    try {
      Placement.checkFileName(name);
    } catch (PlacementException e) {
      throw ApiErrors.invalid(
          "asset_ids",
          "asset "
              + ApiErrors.quoted(asset.getId())
              + ": its location ends in no name for a file; give it one in "
              + PrepareHeaders.TARGET_NAMES_NAME);
    }
    return name;
  }

  /** Beside a root file system that has a name of its own, there may be another one's. */
  private static String companionName(Asset asset, PrepareHeaders headers) {
    String wanted = headers.targetNames().get(asset.getId());
    return wanted == null ? METADATA_FILE : wanted + "." + METADATA_FILE;
  }

  private PlacementMode mode(Asset asset) {
    return switch (asset.getType()) {
      case ASSET_TYPE_KERNEL -> options.kernel();
      case ASSET_TYPE_INITRD -> options.initrd();
      case ASSET_TYPE_ROOTFS -> options.rootfs();
      case ASSET_TYPE_DISK_IMAGE -> options.diskImage();
      case ASSET_TYPE_UNSPECIFIED, UNRECOGNIZED -> PlacementMode.CLONE;
    };
  }

  private void place(List<PlacementItem> items, Path target, FileAccess access) {
    try {
      counters.placed(placement.place(target, items, access));
    } catch (PlacementException e) {
      throw refused(e);
    }
  }

  private static StatusRuntimeException refused(PlacementException failure) {
    String message = "target_path: " + failure.getMessage();
    return switch (failure.reason()) {
      case INVALID_NAME -> ApiErrors.invalid("target_path", String.valueOf(failure.getMessage()));
      case OUTSIDE_ROOTS, PERMISSION -> ApiErrors.permissionDenied(message);
      case OWNER_REFUSED ->
          ApiErrors.failedPrecondition(
              PrepareHeaders.OWNER_NAME + ", PREPARE_OWNER: " + failure.getMessage());
      case IN_THE_WAY, READ_ONLY -> ApiErrors.failedPrecondition(message);
      case SOURCE_MISSING, SOURCE_CHANGED -> ApiErrors.dataLoss(message);
      case NO_SPACE -> ApiErrors.resourceExhausted(message);
      case IO -> ApiErrors.unavailable(message);
    };
  }
}
