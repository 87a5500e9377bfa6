package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.LocationSyntax;
import dev.assetmanagerd.storage.place.PlacementSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.Optional;

/**
 * Metadata beside the blob of a root file system. It has no digest, so no cache can hold it: it is
 * read from the store each time, and may be small only. Thread-safe; blocks for I/O.
 */
final class RootfsCompanion {
  /** Largest that is taken. */
  static final int MAX_BYTES = 1 << 20;

  private final StorageBackend backend;
  private final BlobReader blobs;

  /**
   * @param backend what the store is recorded as; what is outside of it has no metadata
   */
  RootfsCompanion(StorageBackend backend, BlobReader blobs) {
    this.backend = backend;
    this.blobs = blobs;
  }

  /** Its content; empty when the asset has none. */
  Optional<PlacementSource> of(Asset asset) throws IOException {
    if (asset.getType() != AssetType.ASSET_TYPE_ROOTFS || asset.getBackend() != backend) {
      return Optional.empty();
    }
    for (String location : locations(asset.getLocation())) {
      Optional<BlobStat> stat = stat(asset, location);
      if (stat.isPresent()) {
        return Optional.of(read(asset, location, stat.get().sizeBytes()));
      }
    }
    return Optional.empty();
  }

  /** A link out of the store, a pipe or a directory there is no way to have no metadata. */
  private Optional<BlobStat> stat(Asset asset, String location) throws IOException {
    try {
      LocationSyntax.check(location);
    } catch (InvalidLocationException e) {
      return Optional.empty(); // a name too long to have a companion
    }
    try {
      return blobs.stat(location);
    } catch (InvalidLocationException e) {
      throw ApiErrors.failedPrecondition(
          "asset " + asset.getId() + ": its metadata cannot be used: " + e.getMessage());
    }
  }

  private PlacementSource read(Asset asset, String location, long sizeBytes) throws IOException {
    String name = "asset " + asset.getId() + ": its metadata " + ApiErrors.quoted(location);
    if (sizeBytes > MAX_BYTES) {
      throw tooLarge(name, sizeBytes);
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) sizeBytes + 1);
    try (ReadableByteChannel channel = blobs.open(location, 0)) {
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        // Until it ends, or is longer than it said.
      }
    } catch (IOException e) {
      throw ApiErrors.unavailable(name + " cannot be read: " + ApiErrors.of(e).getMessage());
    }
    if (buffer.position() != sizeBytes) {
      throw ApiErrors.unavailable(name + " changed while it was read");
    }
    byte[] bytes = new byte[buffer.position()];
    buffer.flip().get(bytes);
    return new PlacementSource.OfBytes(location, bytes);
  }

  private static RuntimeException tooLarge(String name, long sizeBytes) {
    return ApiErrors.failedPrecondition(
        name + " has " + sizeBytes + " bytes; at most " + MAX_BYTES + " are placed");
  }

  /**
   * Beside {@code x.ext4} its metadata may be {@code x.ext4.metadata.json} or {@code
   * x.metadata.json}.
   */
  private static List<String> locations(String location) {
    int dot = location.lastIndexOf('.');
    if (dot <= location.lastIndexOf('/') + 1) {
      return List.of(BlobCompanion.locationOf(location));
    }
    return List.of(
        BlobCompanion.locationOf(location), BlobCompanion.locationOf(location.substring(0, dot)));
  }
}
