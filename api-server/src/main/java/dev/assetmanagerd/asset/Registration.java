package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.AssetRegistered;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;

/** Adds records for bytes that are in storage already, after reading them. */
final class Registration {
  private static final int BUFFER_BYTES = 256 << 10;

  private final RegistryAccess registry;
  private final BlobReader blobs;
  private final AssetServiceOptions options;

  Registration(RegistryAccess registry, BlobReader blobs, AssetServiceOptions options) {
    this.registry = registry;
    this.blobs = blobs;
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
    Optional<Outcome> before = registry.replayed(scope, registry.deadline());
    if (before.isPresent()) {
      return before.get().getAssetRegistered().getAsset();
    }
    Asset asset = checkedAgainstStorage(wanted);
    Deadline deadline = registry.deadlineAfterTransfer();
    Command.Builder command =
        Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset));
    onlyInTerm.ifPresent(command::setOnlyInTerm);
    AssetRegistered registered =
        registry.proposeAndWait(scope, scope.keyed(command), deadline).getAssetRegistered();
    if (!registered.getExisted() && blobs.stat(asset.getLocation()).isEmpty()) {
      // Another record's deletion took the bytes after they were read and before ours held them:
      // the
      // registry refuses a location only as long as its blob is condemned.
      withdraw(scope, registered.getAsset(), deadline);
      throw ApiErrors.notFound(
          "location: the bytes at "
              + ApiErrors.quoted(asset.getLocation())
              + " were deleted while they were being registered");
    }
    return registered.getAsset();
  }

  private Asset checkedAgainstStorage(Asset wanted) throws IOException {
    String location = wanted.getLocation();
    Optional<BlobStat> found = blobs.stat(location);
    if (found.isEmpty()) {
      throw nothingAt(location);
    }
    BlobStat stat = found.get();
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
    String checksum = checksum(stat);
    if (!wanted.getChecksum().isEmpty() && !wanted.getChecksum().equals(checksum)) {
      throw ApiErrors.failedPrecondition(
          "checksum: is "
              + wanted.getChecksum()
              + ", but the bytes at the location have "
              + checksum);
    }
    // The store's own spelling of the location, so that one blob never has two names.
    return wanted.toBuilder()
        .setLocation(stat.location())
        .setSizeBytes(stat.sizeBytes())
        .setChecksum(checksum)
        .build();
  }

  private String checksum(BlobStat stat) throws IOException {
    MessageDigest digest = sha256();
    long bytes = 0;
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try (ReadableByteChannel channel = blobs.open(stat.location(), 0)) {
      while (channel.read(buffer.clear()) >= 0) {
        if (Context.current().isCancelled()) {
          throw ApiErrors.cancelled("the client gave up while the stored bytes were being read");
        }
        bytes += buffer.position();
        digest.update(buffer.flip());
      }
    } catch (NoSuchFileException e) {
      throw nothingAt(stat.location());
    }
    if (bytes != stat.sizeBytes()) {
      throw ApiErrors.failedPrecondition(
          "location: its size changed from "
              + stat.sizeBytes()
              + " to "
              + bytes
              + " bytes while it was read");
    }
    return HexFormat.of().formatHex(digest.digest());
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

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
