package dev.assetmanagerd.asset;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.log.v1.CloseUpload;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.UploadPart;
import dev.assetmanagerd.log.v1.UploadState;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.transfer.v1.AbortUploadRequest;
import dev.assetmanagerd.transfer.v1.AbortUploadResponse;
import dev.assetmanagerd.transfer.v1.GetUploadRequest;
import dev.assetmanagerd.transfer.v1.GetUploadResponse;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadResponse;
import dev.assetmanagerd.transfer.v1.SignedRequest;
import dev.assetmanagerd.transfer.v1.Upload;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Beginning uploads that go on at any node, looking them up, and giving them up. Thread-safe. */
final class OpenUploads {
  private static final Logger log = LoggerFactory.getLogger(OpenUploads.class);

  /** Enough to begin the request in; it may take longer than that. */
  private static final Duration SIGNED_FOR = Duration.ofHours(1);

  private final RegistryAccess registry;
  private final AssetServiceOptions options;
  private final TransferSettings settings;
  private final Clock clock;

  OpenUploads(
      RegistryAccess registry,
      AssetServiceOptions options,
      TransferSettings settings,
      Clock clock) {
    this.registry = registry;
    this.options = options;
    this.settings = settings;
    this.clock = clock;
  }

  /** An upload as of one moment. */
  record Found(UploadState state, List<UploadPart> parts, long clockMillis) {
    Upload message() {
      return OpenUploads.message(state, clockMillis);
    }
  }

  OpenUploadResponse open(CallScope scope, OpenUploadRequest request) throws IOException {
    UploadAssetMetadata metadata = request.getMetadata();
    Asset wanted = AssetRequests.upload(metadata, options);
    String checksum = Fields.optionalChecksum("checksum", request.getChecksum());
    Deadline deadline = registry.deadline();
    Optional<DirectUploads> direct =
        request.getDirect()
            ? Optional.of(direct(metadata.getSizeBytes(), checksum))
            : Optional.empty();
    checkId(wanted.getId(), metadata.getSizeBytes(), checksum, deadline);
    long maxBytes = metadata.getSizeBytes() > 0 ? metadata.getSizeBytes() : options.maxAssetBytes();
    Command.Builder command =
        Command.newBuilder()
            .setOpenUpload(
                OpenUpload.newBuilder()
                    .setMetadata(metadata.toByteString())
                    .setChecksum(checksum)
                    .setDirect(request.getDirect())
                    .setMaxBytes(maxBytes)
                    .setTtlMillis(settings.uploadTtl().toMillis())
                    .setDigestState(RunningDigest.begin().state()));
    UploadState opened =
        registry
            .proposeAndWait(scope, scope.keyed(command), deadline)
            .getUploadOpened()
            .getUpload();
    OpenUploadResponse.Builder response =
        OpenUploadResponse.newBuilder()
            .setUpload(message(opened, opened.getExpiresAtMillis() - opened.getTtlMillis()));
    if (direct.isPresent()) {
      response.setRequest(signed(direct.get(), opened.getId(), metadata, checksum));
    }
    return response.build();
  }

  private DirectUploads direct(long sizeBytes, String checksum) {
    DirectUploads direct =
        settings
            .direct()
            .orElseThrow(
                () ->
                    ApiErrors.failedPrecondition(
                        "direct: the store of this cluster does not take bytes from clients"));
    if (sizeBytes == 0) {
      throw ApiErrors.invalid("metadata.size_bytes", "must be given for a direct upload");
    }
    if (checksum.isEmpty()) {
      throw ApiErrors.invalid("checksum", "must be given for a direct upload");
    }
    Fields.size("metadata.size_bytes", sizeBytes, direct.maxBytes());
    return direct;
  }

  private SignedRequest signed(
      DirectUploads direct, String uploadId, UploadAssetMetadata metadata, String checksum)
      throws IOException {
    Duration validity =
        SIGNED_FOR.compareTo(settings.uploadTtl()) < 0 ? SIGNED_FOR : settings.uploadTtl();
    long expiresAt = clock.instant().plus(validity).getEpochSecond();
    DirectUploads.SignedRequest request =
        direct.sign(uploadId, new Sha256(checksum), metadata.getSizeBytes(), validity);
    return SignedRequest.newBuilder()
        .setMethod(request.method())
        .setUrl(request.url().toString())
        .putAllHeaders(request.headers())
        .setExpiresAt(expiresAt)
        .build();
  }

  /** Says early what completing the upload would say in the end, as far as that is known. */
  private void checkId(String id, long sizeBytes, String checksum, Deadline deadline) {
    if (id.isEmpty()) {
      return;
    }
    Optional<Asset> existing = registry.readLinearizableAndWait(deadline, view -> view.asset(id));
    if (existing.isEmpty()) {
      return;
    }
    Asset asset = existing.get();
    if (asset.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      throw ApiErrors.failedPrecondition("id: asset " + ApiErrors.quoted(id) + " is being deleted");
    }
    boolean other =
        (!checksum.isEmpty() && !checksum.equals(asset.getChecksum()))
            || (sizeBytes > 0 && sizeBytes != asset.getSizeBytes());
    if (other) {
      throw ApiErrors.alreadyExists(
          "id: asset " + ApiErrors.quoted(id) + " exists with other content");
    }
  }

  CompletableFuture<GetUploadResponse> get(CallScope scope, GetUploadRequest request) {
    String id = Fields.id("upload_id", request.getUploadId());
    return registry
        .read(scope, registry.deadline(), view -> found(view, id))
        .thenApply(found -> GetUploadResponse.newBuilder().setUpload(found.message()).build());
  }

  /** As every node agrees it is now; waits on the calling thread. */
  Found findNow(String id, Deadline deadline) {
    return registry.readLinearizableAndWait(deadline, view -> found(view, id));
  }

  private static Found found(RegistryView view, String id) {
    UploadState state =
        view.upload(id)
            .orElseThrow(
                () ->
                    ApiErrors.notFound(
                        "upload_id: there is no upload "
                            + ApiErrors.quoted(id)
                            + "; it has ended, or never was"));
    return new Found(state, view.uploadParts(id), view.clusterTimeMillis());
  }

  AbortUploadResponse abort(CallScope scope, AbortUploadRequest request) {
    String id = Fields.id("upload_id", request.getUploadId());
    Command.Builder command =
        Command.newBuilder().setCloseUpload(CloseUpload.newBuilder().setUploadId(id));
    boolean closed =
        registry
            .proposeAndWait(scope, scope.keyed(command), registry.deadline())
            .getUploadClosed()
            .getClosed();
    if (closed) {
      deleteParts(id);
    }
    return AbortUploadResponse.getDefaultInstance();
  }

  /** Of an upload that is not open any more. What is left, the leader finds. */
  void deleteParts(String uploadId) {
    BlobParts parts = settings.parts();
    try {
      parts.deleteParts(uploadId);
    } catch (IOException | RuntimeException e) {
      log.warn("the parts of upload {} are left in the store for the next sweep", uploadId, e);
    }
  }

  static UploadAssetMetadata metadata(UploadState upload) {
    try {
      return UploadAssetMetadata.parseFrom(upload.getMetadata());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("the metadata of upload " + upload.getId(), e);
    }
  }

  static Upload message(UploadState upload, long clockMillis) {
    return Upload.newBuilder()
        .setId(upload.getId())
        .setOffset(upload.getOffset())
        .setChecksumSoFar(RunningDigest.goOn(upload.getDigestState()).hex())
        .setMetadata(metadata(upload))
        .setChecksum(upload.getChecksum())
        .setDirect(upload.getDirect())
        .setExpiresInSeconds(
            TimeUnit.MILLISECONDS.toSeconds(upload.getExpiresAtMillis() - clockMillis))
        .setAssetId(upload.getAssetId())
        .build();
  }
}
