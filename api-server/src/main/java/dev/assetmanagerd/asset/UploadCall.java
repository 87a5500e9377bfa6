package dev.assetmanagerd.asset;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.storage.blob.BlobTooLargeException;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One upload: metadata first, then its bytes, which go to a spool file. Nothing is visible to
 * anybody before everything that was announced has been checked; an upload that fails leaves no
 * file.
 */
final class UploadCall implements InboundStream.Handler<UploadAssetRequest, UploadAssetResponse> {
  /** What an upload needs of its service. */
  interface Host {
    /** The asset to be; throws where the metadata is refused. */
    Asset validate(UploadAssetMetadata metadata);

    Spool openSpool() throws IOException;

    /** Makes blob and record of complete, checked bytes. Blocks. */
    Asset publish(Asset wanted, SpooledFile bytes) throws IOException;
  }

  private final Host host;
  private final String expectedChecksum;
  private @Nullable Asset wanted;
  private @Nullable Spool spool;

  /**
   * @param expectedChecksum that the caller announced in a header; empty when none
   */
  UploadCall(Host host, String expectedChecksum) {
    this.host = host;
    this.expectedChecksum = expectedChecksum;
  }

  @Override
  public void take(UploadAssetRequest message) throws IOException {
    switch (message.getDataCase()) {
      case METADATA -> begin(message.getMetadata());
      case CHUNK -> append(message.getChunk());
      case DATA_NOT_SET -> throw ApiErrors.invalid("data", "has neither metadata nor a chunk");
    }
  }

  private void begin(UploadAssetMetadata metadata) throws IOException {
    if (wanted != null) {
      throw ApiErrors.invalid("metadata", "came twice; it is the first message and no other");
    }
    wanted = host.validate(metadata).toBuilder().setSizeBytes(metadata.getSizeBytes()).build();
    spool = host.openSpool();
  }

  private void append(ByteString chunk) throws IOException {
    if (wanted == null || spool == null) {
      throw ApiErrors.invalid("metadata", "must be the first message of the stream");
    }
    long announced = wanted.getSizeBytes();
    if (announced > 0 && spool.sizeBytes() + chunk.size() > announced) {
      throw ApiErrors.invalid(
          "size_bytes",
          "is "
              + announced
              + ", but the stream has at least "
              + (spool.sizeBytes() + chunk.size())
              + " bytes");
    }
    spool.write(chunk.asReadOnlyByteBufferList().toArray(new ByteBuffer[0]));
  }

  @Override
  public UploadAssetResponse finish() throws IOException {
    if (wanted == null || spool == null) {
      throw ApiErrors.invalid("metadata", "must be the first message; the stream was empty");
    }
    long announced = wanted.getSizeBytes();
    if (announced > 0 && spool.sizeBytes() != announced) {
      throw ApiErrors.invalid(
          "size_bytes",
          "is " + announced + ", but the stream has only " + spool.sizeBytes() + " bytes");
    }
    SpooledFile bytes = spool.finish();
    String checksum = bytes.digest().hex();
    if (!expectedChecksum.isEmpty() && !expectedChecksum.equals(checksum)) {
      throw ApiErrors.invalid(
          "header Assetmanager-Checksum",
          "is " + expectedChecksum + ", but the bytes of the stream have " + checksum);
    }
    return UploadAssetResponse.newBuilder().setAsset(host.publish(wanted, bytes)).build();
  }

  @Override
  public RuntimeException told(Exception failure) {
    return failure instanceof BlobTooLargeException tooLarge
        ? ApiErrors.invalid(
            "size_bytes",
            "the stream has more than the "
                + tooLarge.limitBytes()
                + " bytes that an asset may have")
        : ApiErrors.of(failure);
  }

  @Override
  public void close() throws IOException {
    if (spool != null) {
      spool.close();
    }
  }
}
