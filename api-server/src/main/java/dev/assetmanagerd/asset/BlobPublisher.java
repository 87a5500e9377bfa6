package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.BlobReserved;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.ReserveBlob;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobWriter;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.SpooledFile;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Makes blob and record of the bytes of an upload, in this order: bytes first, so that no record
 * ever promises what is not there.
 *
 * <p>Blobs are shared by content, so another asset with the same bytes may be on its way out while
 * this one comes in. The registry sees to it that the two do not meet: it says where the bytes go,
 * never to a place that anybody is or was about to delete, and keeps them there while the
 * reservation lasts. A reservation that ran out, with a store that took its time, is no harm:
 * everything is done again, and bytes that are there by now are not stored twice.
 *
 * <p>The spool file is kept until the end; what is put is a second name of it.
 */
final class BlobPublisher {
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 500;

  private final RegistryAccess registry;
  private final BlobReader reader;
  private final BlobWriter writer;
  private final Duration reservation;
  private final FailPoints failPoints;

  /**
   * @param reservation longer than a store takes to take in what is spooled already, as a rule; no
   *     promise to anybody
   */
  BlobPublisher(
      RegistryAccess registry,
      BlobReader reader,
      BlobWriter writer,
      Duration reservation,
      FailPoints failPoints) {
    this.registry = registry;
    this.reader = reader;
    this.writer = writer;
    this.reservation = reservation;
    this.failPoints = failPoints;
  }

  /** Bytes that are complete and checked, and can be put more than once. */
  interface Content {
    long sizeBytes();

    Sha256 digest();

    /** Stores them as a blob; whole and visible to every node when this returns. */
    void put(String location) throws IOException;
  }

  /** Bytes in a file of this node, which stays. */
  Content spooled(SpooledFile file) {
    return new Content() {
      @Override
      public long sizeBytes() {
        return file.sizeBytes();
      }

      @Override
      public Sha256 digest() {
        return file.digest();
      }

      @Override
      public void put(String location) throws IOException {
        writer.put(file.duplicate(writer.steps()), location, file.digest(), file.sizeBytes());
      }
    };
  }

  /**
   * Blocks until the asset is there.
   *
   * @param wanted valid, without location and checksum
   * @param bytes complete and checked; still there afterwards
   */
  Asset publish(CallScope scope, Asset wanted, SpooledFile bytes) throws IOException {
    return publish(scope, wanted, spooled(bytes), "");
  }

  /**
   * The same for the bytes of an upload that ends by this.
   *
   * @param uploadId empty where there is none
   */
  Asset publish(CallScope scope, Asset wanted, Content bytes, String uploadId) throws IOException {
    Deadline deadline = registry.deadlineAfterTransfer();
    Asset asset =
        wanted.toBuilder()
            .setSizeBytes(bytes.sizeBytes())
            .setChecksum(bytes.digest().hex())
            .build();
    Optional<Outcome> before = registry.replayed(scope, deadline);
    if (before.isPresent()) {
      return before.get().getAssetRegistered().getAsset();
    }
    checkId(asset, deadline);
    // For what has to be waited for; the time that the store takes for the bytes does not count.
    long patienceMillis = deadline.timeRemaining(TimeUnit.MILLISECONDS);
    long pauseMillis = FIRST_PAUSE_MILLIS;
    while (true) {
      if (Context.current().isCancelled()) {
        throw ApiErrors.cancelled("the client gave up before the asset was registered");
      }
      Outcome outcome = putAndRegister(scope, asset, bytes, uploadId);
      if (!isWorthAnotherTry(outcome.getRejection().getRule()) || patienceMillis <= pauseMillis) {
        return RegistryAccess.accepted(outcome).getAssetRegistered().getAsset();
      }
      pause(pauseMillis, registry.deadlineAfterTransfer());
      patienceMillis -= pauseMillis;
      pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
    }
  }

  private static boolean isWorthAnotherTry(Rejection.Rule rule) {
    return rule == Rejection.Rule.RULE_RESERVATION_EXPIRED
        || rule == Rejection.Rule.RULE_LOCATION_BEING_DELETED;
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

  private Outcome putAndRegister(CallScope scope, Asset asset, Content bytes, String uploadId)
      throws IOException {
    BlobReserved reserved = reserve(scope, asset, registry.deadlineAfterTransfer());
    failPoints.hit(FailPoint.UPLOAD_AFTER_RESERVE);
    // The registry may believe in a blob that somebody took out of the store behind its back.
    if (!reserved.getStored() || !isStored(reserved.getLocation(), bytes)) {
      bytes.put(reserved.getLocation());
    }
    failPoints.hit(FailPoint.UPLOAD_AFTER_PUT);
    Command.Builder command =
        Command.newBuilder()
            .setRegisterAsset(
                RegisterAsset.newBuilder()
                    .setAsset(asset.toBuilder().setLocation(reserved.getLocation()))
                    .setReservationId(reserved.getReservationId())
                    .setUploadId(uploadId));
    Outcome outcome =
        registry.proposeRawAndWait(scope, scope.keyed(command), registry.deadlineAfterTransfer());
    failPoints.hit(FailPoint.UPLOAD_AFTER_REGISTER);
    return outcome;
  }

  /** Without the call's idempotency key: what is done once is to register the asset. */
  private BlobReserved reserve(CallScope scope, Asset asset, Deadline deadline) {
    Command.Builder command =
        Command.newBuilder()
            .setReserveBlob(
                ReserveBlob.newBuilder()
                    .setBackend(asset.getBackend())
                    .setChecksum(asset.getChecksum())
                    .setSizeBytes(asset.getSizeBytes())
                    .setTtlMillis(reservation.toMillis()));
    return registry.proposeAndWait(scope, command, deadline).getBlobReserved();
  }

  private static void pause(long millis, Deadline deadline) {
    RegistryAccess.await(
        new CompletableFuture<Boolean>().completeOnTimeout(true, millis, TimeUnit.MILLISECONDS),
        deadline);
  }

  private boolean isStored(String location, Content bytes) throws IOException {
    Optional<BlobStat> stat = reader.stat(location);
    return stat.isPresent() && stat.get().sizeBytes() == bytes.sizeBytes();
  }
}
