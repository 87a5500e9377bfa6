package dev.assetmanagerd.asset;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.LocationSyntax;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.place.PlacementSource;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Metadata beside a root file system that was put into the store by others. Beside a blob that lies
 * under its digest there is none: such a blob is of all assets with these bytes.
 *
 * <p>Metadata has no digest, so no cache can hold it, and may be small only. A store on this host
 * is read each time. What a store elsewhere said is remembered: for a minute without asking again,
 * so that preparing what is cached costs no round trips, and for as long as the store cannot be
 * asked. Thread-safe; blocks for I/O.
 */
final class RootfsCompanion {
  /** Largest that is taken. */
  static final int MAX_BYTES = 1 << 20;

  static final Duration FRESH = Duration.ofMinutes(1);
  private static final long MAX_REMEMBERED_BYTES = 16 << 20;
  private static final int BYTES_OF_AN_ENTRY = 512;

  private final StorageBackend backend;
  private final BlobReader blobs;
  private final LongSupplier nanoClock;
  private final Cache<String, Known> known =
      CacheBuilder.newBuilder()
          .maximumWeight(MAX_REMEMBERED_BYTES)
          .weigher((String key, Known what) -> BYTES_OF_AN_ENTRY + what.sizeBytes())
          .build();

  /**
   * @param backend what the store is recorded as; what is outside of it has no metadata
   */
  RootfsCompanion(StorageBackend backend, BlobReader blobs, LongSupplier nanoClock) {
    this.backend = backend;
    this.blobs = blobs;
    this.nanoClock = nanoClock;
  }

  /** Its content; empty when the asset has none. */
  Optional<PlacementSource> of(Asset asset) throws IOException {
    if (asset.getType() != AssetType.ASSET_TYPE_ROOTFS
        || asset.getBackend() != backend
        || Sha256.isLocationOfAny(asset.getLocation())) {
      return Optional.empty();
    }
    boolean far = backend != StorageBackend.STORAGE_BACKEND_LOCAL;
    return (far ? remembered(asset) : found(asset)).map(content -> content);
  }

  private Optional<PlacementSource.OfBytes> remembered(Asset asset) throws IOException {
    // Another asset may be registered at the location, with other metadata.
    String key = asset.getId() + " " + asset.getLocation();
    Known before = known.getIfPresent(key);
    if (before != null && nanoClock.getAsLong() - before.nanos() < FRESH.toNanos()) {
      return before.content();
    }
    Known now;
    try {
      now = new Known(found(asset), nanoClock.getAsLong());
    } catch (IOException | StatusRuntimeException e) {
      if (before != null && ApiErrors.of(e).getStatus().getCode() == Status.Code.UNAVAILABLE) {
        return before.content();
      }
      throw e;
    }
    known.put(key, now);
    return now.content();
  }

  private Optional<PlacementSource.OfBytes> found(Asset asset) throws IOException {
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

  private PlacementSource.OfBytes read(Asset asset, String location, long sizeBytes)
      throws IOException {
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

  private record Known(Optional<PlacementSource.OfBytes> content, long nanos) {
    int sizeBytes() {
      return content.map(found -> found.bytes().length).orElse(0);
    }
  }
}
