package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobWriter;
import dev.assetmanagerd.storage.blob.SpooledFile;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Makes blob and record of the bytes of an upload, in this order: bytes first, so that no record
 * ever promises what is not there.
 *
 * <p>Blobs are shared by content, so another asset with the same bytes may be on its way out while
 * this one comes in. Two things keep the bytes safe:
 *
 * <ul>
 *   <li>While a record with this location is DELETING, the registry refuses another. We wait for
 *       the purge, within the caller's deadline, and put the bytes again: the deletion took them.
 *   <li>The whole of delete and purge can lie between our put, which found the blob and left it,
 *       and our record. So we look again once the record exists, and put the bytes again if they
 *       are gone. From then on our record keeps them: a deletion starts no more.
 * </ul>
 *
 * <p>The spool file is therefore kept until the end; what is put is a second name of it.
 */
final class BlobPublisher {
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 500;

  private final RegistryAccess registry;
  private final BlobReader reader;
  private final BlobWriter writer;

  BlobPublisher(RegistryAccess registry, BlobReader reader, BlobWriter writer) {
    this.registry = registry;
    this.reader = reader;
    this.writer = writer;
  }

  /**
   * Blocks until the asset is there.
   *
   * @param wanted valid, without location and checksum
   * @param bytes complete and checked; still there afterwards
   */
  Asset publish(CallScope scope, Asset wanted, SpooledFile bytes) throws IOException {
    Deadline deadline = registry.deadlineAfterTransfer();
    Asset asset =
        wanted.toBuilder()
            .setLocation(bytes.digest().location())
            .setSizeBytes(bytes.sizeBytes())
            .setChecksum(bytes.digest().hex())
            .build();
    checkId(asset, deadline);
    Outcome outcome = putAndRegister(scope, asset, bytes, deadline);
    if (!isStored(bytes)) {
      put(bytes);
    }
    return outcome.getAssetRegistered().getAsset();
  }

  /** Finds out about an id that is taken while nothing has been published yet. */
  private void checkId(Asset asset, Deadline deadline) {
    if (asset.getId().isEmpty()) {
      return;
    }
    Optional<Asset> existing =
        registry.readLinearizableAndWait(deadline, view -> view.asset(asset.getId()));
    if (existing.isEmpty() || existing.get().getChecksum().equals(asset.getChecksum())) {
      return; // what else may differ does not concern the bytes, and the registry looks at it
    }
    String id = ApiErrors.quoted(asset.getId());
    throw existing.get().getStatus() == AssetStatus.ASSET_STATUS_DELETING
        ? ApiErrors.failedPrecondition("id: asset " + id + " is being deleted")
        : ApiErrors.alreadyExists("id: asset " + id + " exists with other content");
  }

  private Outcome putAndRegister(CallScope scope, Asset asset, SpooledFile bytes, Deadline deadline)
      throws IOException {
    long pauseMillis = FIRST_PAUSE_MILLIS;
    while (true) {
      if (Context.current().isCancelled()) {
        throw ApiErrors.cancelled("the client gave up before the asset was registered");
      }
      put(bytes);
      Command.Builder command =
          Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset));
      Outcome outcome = registry.proposeRawAndWait(scope, scope.keyed(command), deadline);
      if (outcome.getRejection().getRule() != Rejection.Rule.RULE_LOCATION_BEING_DELETED
          || deadline.timeRemaining(TimeUnit.MILLISECONDS) <= pauseMillis) {
        return RegistryAccess.accepted(outcome);
      }
      pause(pauseMillis, deadline);
      pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
    }
  }

  private static void pause(long millis, Deadline deadline) {
    RegistryAccess.await(
        new CompletableFuture<Boolean>().completeOnTimeout(true, millis, TimeUnit.MILLISECONDS),
        deadline);
  }

  private boolean isStored(SpooledFile bytes) throws IOException {
    Optional<BlobStat> stat = reader.stat(bytes.digest().location());
    return stat.isPresent() && stat.get().sizeBytes() == bytes.sizeBytes();
  }

  private void put(SpooledFile bytes) throws IOException {
    writer.put(bytes.duplicate(), bytes.digest().location(), bytes.digest(), bytes.sizeBytes());
  }
}
