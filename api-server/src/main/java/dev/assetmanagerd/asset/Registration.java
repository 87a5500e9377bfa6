package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AssetRegistered;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.Sha256;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Adds records for bytes that are in storage already, after finding out what they are. Any node
 * does this; nothing of it happens while the registry applies a command.
 */
final class Registration {
  private final RegistryAccess registry;
  private final Map<StorageBackend, BlobReader> readers;
  private final StoredContent content;
  private final AssetServiceOptions options;

  /**
   * @param blobs the configured store
   * @param copies the other stores that this node reads from, and its cache
   */
  Registration(
      RegistryAccess registry,
      BlobReader blobs,
      LocalCopies copies,
      CallReads reads,
      AssetServiceOptions options) {
    this.registry = registry;
    this.readers = copies.readers(options.backend(), blobs);
    this.content = new StoredContent(copies.cache(), reads);
    this.options = options;
  }

  /**
   * Blocks until the asset is there.
   *
   * @param wanted valid; size 0 and an empty checksum mean that they are taken from storage
   */
  Asset register(CallScope scope, Asset wanted) throws IOException {
    return register(scope, wanted, OptionalLong.empty());
  }

  /**
   * @param onlyInTerm where set, nothing is registered in another term than this one
   */
  Asset register(CallScope scope, Asset wanted, OptionalLong onlyInTerm) throws IOException {
    BlobReader store = reader(wanted.getBackend());
    Optional<Outcome> before = registry.replayed(scope, registry.deadline());
    if (before.isPresent()) {
      return before.get().getAssetRegistered().getAsset();
    }
    Asset asset = checkedAgainstStorage(store, wanted);
    Deadline deadline = registry.deadlineAfterTransfer();
    Command.Builder command =
        Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset));
    onlyInTerm.ifPresent(command::setOnlyInTerm);
    AssetRegistered registered =
        registry.proposeAndWait(scope, scope.keyed(command), deadline).getAssetRegistered();
    if (!registered.getExisted() && isGone(store, asset)) {
      // Another record's deletion took the bytes after they were read and before ours held them:
      // the registry refuses a location only as long as its blob is condemned.
      withdraw(scope, registered.getAsset(), deadline);
      throw ApiErrors.notFound(
          "location: the bytes at "
              + ApiErrors.quoted(asset.getLocation())
              + " were deleted while they were being registered");
    }
    return registered.getAsset();
  }

  private BlobReader reader(StorageBackend backend) {
    BlobReader reader = readers.get(backend);
    if (reader != null) {
      return reader;
    }
    if (backend == StorageBackend.STORAGE_BACKEND_HTTP) {
      throw ApiErrors.failedPrecondition(
          "backend: STORAGE_BACKEND_HTTP is not configured on this node, which allows no host as a"
              + " source of assets; see UNKEY_ASSETMANAGERD_HTTP_SOURCE_HOSTS");
    }
    throw ApiErrors.failedPrecondition(
        "backend: "
            + backend
            + " is not configured on this cluster, which stores assets in "
            + options.backend());
  }

  /** Nobody here deletes what is outside. */
  private static boolean isGone(BlobReader store, Asset asset) throws IOException {
    return asset.getBackend() != StorageBackend.STORAGE_BACKEND_HTTP
        && store.stat(asset.getLocation()).isEmpty();
  }

  private Asset checkedAgainstStorage(BlobReader store, Asset wanted) throws IOException {
    String location = wanted.getLocation();
    Deadline deadline = CallReads.deadline(options.prepare().fetchTimeout());
    checkNoCompanion(wanted.getBackend(), location);
    BlobStat stat = store.stat(location).orElseThrow(() -> nothingAt(location));
    checkGivenOut(wanted.getBackend(), stat.location());
    if (wanted.getSizeBytes() != 0 && wanted.getSizeBytes() != stat.sizeBytes()) {
      throw ApiErrors.failedPrecondition(
          "size_bytes: is "
              + wanted.getSizeBytes()
              + ", but "
              + stat.sizeBytes()
              + " bytes are stored at the location");
    }
    if (stat.sizeBytes() > options.maxAssetBytes()) {
      throw ApiErrors.failedPrecondition(
          "location: has "
              + stat.sizeBytes()
              + " bytes; assets may have at most "
              + options.maxAssetBytes());
    }
    Sha256 digest = digest(store, wanted.getBackend(), stat, deadline);
    if (!wanted.getChecksum().isEmpty() && !wanted.getChecksum().equals(digest.hex())) {
      throw ApiErrors.failedPrecondition(
          "checksum: is "
              + wanted.getChecksum()
              + ", but the bytes at the location have "
              + digest);
    }
    checkNamedByContent(wanted.getBackend(), stat.location(), digest);
    // The store's own spelling of the location, so that one blob never has two names.
    return wanted.toBuilder()
        .setLocation(stat.location())
        .setSizeBytes(stat.sizeBytes())
        .setChecksum(digest.hex())
        .build();
  }

  private Sha256 digest(BlobReader store, StorageBackend backend, BlobStat stat, Deadline deadline)
      throws IOException {
    try {
      return content.digest(backend, store, stat, deadline);
    } catch (NoSuchFileException e) {
      throw nothingAt(stat.location());
    }
  }

  /** It goes with its blob, and no store deletes it by itself. */
  private static void checkNoCompanion(StorageBackend backend, String location) {
    if (backend != StorageBackend.STORAGE_BACKEND_HTTP && BlobCompanion.isCompanion(location)) {
      throw ApiErrors.invalid(
          "location", location, "is the name of metadata beside a blob, which is no asset itself");
    }
  }

  /**
   * Numbered names are the registry's to give out, and it counts on from the highest that it has
   * heard of: a file that somebody puts at a high number would use all of them up.
   */
  private void checkGivenOut(StorageBackend backend, String location) {
    if (!isNameOfContent(backend, location) || location.indexOf('.') < 0) {
      return;
    }
    boolean givenOut =
        registry.readLinearizableAndWait(
            registry.deadline(), view -> view.liveReferences(backend, location) > 0);
    if (!givenOut) {
      throw ApiErrors.invalid(
          "location",
          location,
          "is a numbered name, which are given out to uploads alone, and no asset has it; put the"
              + " file under a name of your own");
    }
  }

  /** Uploads of the same bytes rely on what is under their name. */
  private static void checkNamedByContent(StorageBackend backend, String location, Sha256 digest) {
    if (isNameOfContent(backend, location) && !digest.isLocation(location)) {
      throw ApiErrors.failedPrecondition(
          "location: "
              + ApiErrors.quoted(location)
              + " is the name of bytes with another digest than those there, which have "
              + digest);
    }
  }

  private static boolean isNameOfContent(StorageBackend backend, String location) {
    return backend != StorageBackend.STORAGE_BACKEND_HTTP && Sha256.isLocationOfAny(location);
  }

  private void withdraw(CallScope scope, Asset asset, Deadline deadline) {
    Command.Builder command =
        Command.newBuilder()
            .setMarkDeleting(
                MarkDeleting.newBuilder()
                    .addAssetIds(asset.getId())
                    .setReason(MarkDeleting.Reason.REASON_REQUESTED));
    registry.proposeAndWait(scope, command, deadline);
  }

  private static RuntimeException nothingAt(String location) {
    return ApiErrors.notFound("location: nothing is stored at " + ApiErrors.quoted(location));
  }
}
