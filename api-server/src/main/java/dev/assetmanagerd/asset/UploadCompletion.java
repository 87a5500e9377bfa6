package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.log.v1.UploadPart;
import dev.assetmanagerd.log.v1.UploadState;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.CompleteUploadResponse;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes assets of uploads, after looking at every byte of them once more: what the store has is
 * compared with what was hashed when it came, and with what the client has announced. Blocks.
 *
 * <p>The record of the asset and the end of the upload are one command, so an upload becomes one
 * asset, whichever nodes are asked how often. The parts go last; a node that dies before leaves
 * them to the leader's sweep. Of each upload, one completion runs at a time on a node: two would
 * read the same bytes for one asset. Thread-safe.
 */
final class UploadCompletion {
  private static final Logger log = LoggerFactory.getLogger(UploadCompletion.class);

  /** Opens a file on this node's staging area for bytes on their way. */
  interface Spools {
    Spool open(long limitBytes) throws IOException;
  }

  private final RegistryAccess registry;
  private final AssetServiceOptions options;
  private final TransferSettings settings;
  private final OpenUploads uploads;
  private final BlobPublisher publisher;
  private final Spools spools;
  private final CallReads reads;
  private final FailPoints failPoints;

  /** Ids of the uploads that are being completed on this node. */
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  UploadCompletion(
      RegistryAccess registry,
      AssetServiceOptions options,
      TransferSettings settings,
      OpenUploads uploads,
      BlobPublisher publisher,
      Spools spools,
      CallReads reads,
      FailPoints failPoints) {
    this.registry = registry;
    this.options = options;
    this.settings = settings;
    this.uploads = uploads;
    this.publisher = publisher;
    this.spools = spools;
    this.reads = reads;
    this.failPoints = failPoints;
  }

  CompleteUploadResponse complete(CallScope scope, CompleteUploadRequest request)
      throws IOException {
    String id = Fields.id("upload_id", request.getUploadId());
    if (!running.add(id)) {
      throw ApiErrors.unchanged(
          "upload_id: another call completes this upload on this node; ask again when it has ended");
    }
    try {
      return complete(scope, id);
    } finally {
      running.remove(id);
    }
  }

  private CompleteUploadResponse complete(CallScope scope, String id) throws IOException {
    Deadline deadline = registry.deadlineAfterTransfer();
    OpenUploads.Found found = uploads.findNow(id, deadline);
    UploadState upload = found.state();
    Asset asset;
    if (!upload.getAssetId().isEmpty()) {
      String assetId = upload.getAssetId();
      asset =
          registry.readLinearizableAndWait(
              deadline, view -> AssetReads.found(view, "upload_id", assetId));
    } else {
      asset = upload.getDirect() ? ofDirect(scope, upload) : ofParts(scope, found);
      failPoints.hit(FailPoint.UPLOAD_BEFORE_PARTS_DELETED);
    }
    uploads.deleteParts(id);
    return CompleteUploadResponse.newBuilder().setAsset(asset).build();
  }

  private Asset wanted(UploadState upload) {
    return AssetRequests.upload(OpenUploads.metadata(upload), options);
  }

  private Asset ofParts(CallScope scope, OpenUploads.Found found) throws IOException {
    UploadState upload = found.state();
    UploadAssetMetadata metadata = OpenUploads.metadata(upload);
    if (metadata.getSizeBytes() > 0 && upload.getOffset() != metadata.getSizeBytes()) {
      throw ApiErrors.failedPrecondition(
          "upload_id: the upload has %d of its %d bytes; write the rest first"
              .formatted(upload.getOffset(), metadata.getSizeBytes()));
    }
    String checksum = RunningDigest.goOn(upload.getDigestState()).hex();
    if (!upload.getChecksum().isEmpty() && !upload.getChecksum().equals(checksum)) {
      throw otherBytes(upload.getChecksum(), checksum);
    }
    Deadline deadline = readingDeadline();
    try (Spool spool = spools.open(upload.getOffset())) {
      for (UploadPart part : found.parts()) {
        copy(upload.getId(), part, spool, deadline);
      }
      SpooledFile bytes = spool.finish();
      if (bytes.sizeBytes() != upload.getOffset() || !bytes.digest().hex().equals(checksum)) {
        throw ApiErrors.dataLoss(
            "upload_id: the store gave other bytes of the upload than were written to it; abort it"
                + " where completing it again ends the same");
      }
      return publisher.publish(scope, wanted(upload), publisher.spooled(bytes), upload.getId());
    }
  }

  /** For all bytes of an upload together. */
  private Deadline readingDeadline() {
    return CallReads.deadline(options.prepare().fetchTimeout());
  }

  private void copy(String uploadId, UploadPart part, Spool spool, Deadline deadline)
      throws IOException {
    long size = part.getSizeBytes();
    try (ReadableByteChannel channel = settings.parts().openPart(uploadId, part.getPartId())) {
      if (reads.read("upload_id", channel, size, deadline, spool::write) != size) {
        throw partGone(part);
      }
    } catch (NoSuchFileException e) {
      throw partGone(part);
    }
  }

  private static RuntimeException partGone(UploadPart part) {
    return ApiErrors.dataLoss(
        "upload_id: the %d bytes at offset %d are not in the store as they were written; abort it"
            .formatted(part.getSizeBytes(), part.getOffset()));
  }

  private Asset ofDirect(CallScope scope, UploadState upload) throws IOException {
    DirectUploads direct =
        settings
            .direct()
            .orElseThrow(
                () ->
                    ApiErrors.failedPrecondition(
                        "upload_id: it is direct, and the store of this node cannot do that"));
    long announced = upload.getMaxBytes();
    Optional<BlobStat> stat = direct.stat(upload.getId());
    if (stat.isEmpty()) {
      throw ApiErrors.failedPrecondition(
          "upload_id: the store has no bytes of it yet; make the request that was signed");
    }
    Sha256 digest = new Sha256(upload.getChecksum());
    try (DirectUploads.Taken taken =
        verified(direct, upload.getId(), stat.get(), announced, digest)) {
      return publisher.publish(
          scope,
          wanted(upload).toBuilder().setSizeBytes(announced).build(),
          new Stored(taken, digest),
          upload.getId());
    }
  }

  /**
   * Whatever is found to be wrong stays where it is until the client replaces it, gives the upload
   * up, or lets it expire: so a fault on the way here costs nobody bytes that are right.
   */
  private DirectUploads.Taken verified(
      DirectUploads direct, String uploadId, BlobStat stat, long announcedBytes, Sha256 announced)
      throws IOException {
    if (stat.sizeBytes() != announcedBytes) {
      throw ApiErrors.invalid(
          "metadata.size_bytes",
          "is %d, but the store was given %d bytes".formatted(announcedBytes, stat.sizeBytes()));
    }
    Deadline deadline = readingDeadline();
    DirectUploads.Taken taken = direct.take(uploadId, stat);
    boolean right = false;
    try {
      verify(uploadId, taken, announced, deadline);
      right = true;
      return taken;
    } finally {
      if (!right) {
        taken.close();
      }
    }
  }

  /**
   * By what the store itself attests, where it does; else every byte is read here. A second time
   * where they look wrong, for that may have come to them on the way.
   */
  private void verify(
      String uploadId, DirectUploads.Taken taken, Sha256 announced, Deadline deadline)
      throws IOException {
    Optional<Sha256> attested = taken.stat().digest();
    Sha256 found = attested.isPresent() ? attested.get() : digest(taken, deadline);
    if (found.equals(announced)) {
      return;
    }
    if (attested.isEmpty()) {
      log.warn("the bytes of upload {} have {}; reading them again", uploadId, found);
      Sha256 again = digest(taken, deadline);
      if (again.equals(announced)) {
        return;
      }
      if (!again.equals(found)) {
        throw ApiErrors.unchanged(
            "upload_id: the store gave other bytes of the upload when they were read again");
      }
    }
    throw otherBytes(announced.hex(), found.hex());
  }

  private Sha256 digest(DirectUploads.Taken taken, Deadline deadline) throws IOException {
    long size = taken.stat().sizeBytes();
    Hashing.Digester digest = Hashing.newDigester();
    long bytes;
    try (ReadableByteChannel channel = taken.open()) {
      bytes = reads.read("upload_id", channel, size, deadline, digest::update);
    }
    if (bytes != size) {
      throw ApiErrors.unchanged(
          "upload_id: the store has %d bytes of the upload, and gave %s"
              .formatted(size, bytes > size ? "more" : "only " + bytes));
    }
    return digest.finish();
  }

  private static RuntimeException otherBytes(String announced, String found) {
    return ApiErrors.invalid(
        "checksum", "is " + announced + ", but the bytes of the upload have " + found);
  }

  /** Bytes that the client has brought to the store, and that were verified there. */
  private record Stored(DirectUploads.Taken taken, Sha256 digest) implements BlobPublisher.Content {
    @Override
    public long sizeBytes() {
      return taken.stat().sizeBytes();
    }

    @Override
    public void put(String location) throws IOException {
      taken.publish(location, digest);
    }
  }
}
