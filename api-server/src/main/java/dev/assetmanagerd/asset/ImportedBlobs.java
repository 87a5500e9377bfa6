package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.importer.v1.ImportAssetsRequest;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.LocationSyntax;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.http.HttpSourceException;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Compares assets that are to be imported with what the store has: that there is a blob, its size,
 * and its digest, where the store knows it by itself. All bytes are read only of an asset without a
 * checksum, and of one that the old daemon thought broken.
 *
 * <p>A store that does not answer fails the whole call: nothing is called missing on its account.
 */
final class ImportedBlobs {
  private final Map<StorageBackend, BlobReader> readers;
  private final StoredContent content;
  private final AssetServiceOptions options;
  private final Executor lookers;

  /**
   * @param readers by backend; has the configured one
   * @param lookers ask the store, as many at a time as it has threads
   */
  ImportedBlobs(
      Map<StorageBackend, BlobReader> readers,
      StoredContent content,
      AssetServiceOptions options,
      Executor lookers) {
    this.readers = readers;
    this.content = content;
    this.options = options;
    this.lookers = lookers;
  }

  /** What the store says of a location, or why there can be nothing. */
  private record Look(Optional<BlobStat> stat, Optional<ImportResult> refused) {}

  /** Brings the assets at these positions to what is stored, or refuses them. */
  void verify(
      ImportAssets.Builder command, Collection<Integer> positions, ImportAssetsRequest request)
      throws IOException {
    Deadline deadline = CallReads.deadline(options.prepare().fetchTimeout());
    Map<Integer, CompletableFuture<Look>> looks = new HashMap<>();
    for (int position : positions) {
      Asset asset = command.getItems(position).getAsset();
      looks.put(position, CompletableFuture.supplyAsync(() -> look(asset), lookers));
    }
    for (Map.Entry<Integer, CompletableFuture<Look>> entry : looks.entrySet()) {
      Look look = RegistryAccess.await(entry.getValue(), deadline);
      ImportAssets.Item.Builder item = command.getItemsBuilder(entry.getKey());
      boolean dryRun = request.getDryRun();
      if (look.refused().isPresent()) {
        item.setRefused(look.refused().get());
      } else if (look.stat().isPresent()) {
        compare(item, look.stat().get(), dryRun, deadline);
      } else {
        missing(item, request.getAllowMissingBlobs());
      }
    }
  }

  private Look look(Asset asset) {
    String location = asset.getLocation();
    boolean http = asset.getBackend() == StorageBackend.STORAGE_BACKEND_HTTP;
    if (!http && BlobCompanion.isCompanion(location)) {
      return refused(
          Reason.REASON_INVALID, "location: is the name of metadata beside a blob, no asset");
    }
    try {
      return new Look(reader(asset).stat(location), Optional.empty());
    } catch (InvalidLocationException e) {
      return refused(Reason.REASON_INVALID, String.valueOf(e.getMessage()));
    } catch (HttpSourceException e) {
      if (e.kind() == HttpSourceException.Kind.UNAVAILABLE) {
        throw new UncheckedIOException(e);
      }
      return refused(Reason.REASON_BLOB_MISSING, "location: " + e.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Look refused(Reason reason, String message) {
    return new Look(Optional.empty(), Optional.of(Imports.refused(reason, message)));
  }

  private BlobReader reader(Asset asset) {
    BlobReader reader = readers.get(asset.getBackend());
    if (reader == null) {
      throw new IllegalStateException("an asset of " + asset.getBackend() + " was let through");
    }
    return reader;
  }

  private void compare(
      ImportAssets.Item.Builder item, BlobStat stat, boolean dryRun, Deadline deadline)
      throws IOException {
    Asset asset = item.getAsset();
    String wrong = wrongSize(asset, stat);
    if (!wrong.isEmpty()) {
      item.setRefused(Imports.refused(Reason.REASON_BLOB_DIFFERS, wrong));
      return;
    }
    Optional<Sha256> digest = stat.digest();
    boolean unsure =
        asset.getChecksum().isEmpty() || asset.getStatus() == AssetStatus.ASSET_STATUS_ERROR;
    if (unsure && digest.isEmpty() && !dryRun) {
      try {
        digest = Optional.of(content.digest(asset.getBackend(), reader(asset), stat, deadline));
      } catch (NoSuchFileException e) {
        missing(item, false);
        return;
      }
    }
    String checksum = digest.map(Sha256::hex).orElse(asset.getChecksum());
    if (!asset.getChecksum().isEmpty() && !asset.getChecksum().equals(checksum)) {
      item.setRefused(
          Imports.refused(
              Reason.REASON_BLOB_DIFFERS,
              "checksum: is " + asset.getChecksum() + ", but the stored bytes have " + checksum));
      return;
    }
    Optional<String> misnamed = misnamed(asset, stat.location(), checksum);
    if (misnamed.isPresent()) {
      item.setRefused(Imports.refused(Reason.REASON_INVALID, misnamed.get()));
      return;
    }
    item.setAsset(
        asset.toBuilder()
            .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
            .setLocation(stat.location())
            .setSizeBytes(stat.sizeBytes())
            .setChecksum(checksum));
  }

  private String wrongSize(Asset asset, BlobStat stat) {
    if (asset.getSizeBytes() != 0 && asset.getSizeBytes() != stat.sizeBytes()) {
      return "size_bytes: is "
          + asset.getSizeBytes()
          + ", but "
          + stat.sizeBytes()
          + " bytes are stored at the location";
    }
    return stat.sizeBytes() > options.maxAssetBytes()
        ? "location: has "
            + stat.sizeBytes()
            + " bytes; assets may have at most "
            + options.maxAssetBytes()
        : "";
  }

  /** Names made of digests are the cluster's own, and uploads rely on what is under them. */
  private static Optional<String> misnamed(Asset asset, String location, String checksum) {
    if (asset.getBackend() == StorageBackend.STORAGE_BACKEND_HTTP
        || !Sha256.isLocationOfAny(location)) {
      return Optional.empty();
    }
    if (location.indexOf('.') >= 0) {
      return Optional.of("location: is a numbered name, which the cluster alone gives out");
    }
    boolean right = checksum.isEmpty() || new Sha256(checksum).isLocation(location);
    return right
        ? Optional.empty()
        : Optional.of("location: is the name of bytes with another digest than " + checksum);
  }

  /** Taken as ERROR where that is wanted and enough is known to tell its bytes when they come. */
  private static void missing(ImportAssets.Item.Builder item, boolean allowed) {
    Asset asset = item.getAsset();
    String nothing = "location: nothing is stored at " + ApiErrors.quoted(asset.getLocation());
    if (!allowed || asset.getBackend() == StorageBackend.STORAGE_BACKEND_HTTP) {
      item.setRefused(Imports.refused(Reason.REASON_BLOB_MISSING, nothing));
      return;
    }
    if (asset.getChecksum().isEmpty() || asset.getSizeBytes() == 0) {
      item.setRefused(
          Imports.refused(
              Reason.REASON_BLOB_MISSING, nothing + ", and its size or checksum is not known"));
      return;
    }
    try {
      LocationSyntax.check(asset.getLocation());
    } catch (InvalidLocationException e) {
      item.setRefused(Imports.refused(Reason.REASON_BLOB_MISSING, nothing + "; " + e.getMessage()));
      return;
    }
    Optional<String> misnamed = misnamed(asset, asset.getLocation(), asset.getChecksum());
    if (misnamed.isPresent()) {
      item.setRefused(Imports.refused(Reason.REASON_INVALID, misnamed.get()));
    } else {
      item.setAsset(asset.toBuilder().setStatus(AssetStatus.ASSET_STATUS_ERROR));
    }
  }
}
