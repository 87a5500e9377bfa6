package dev.assetmanagerd.asset;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.UploadState;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.transfer.v1.WriteUploadHeader;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One stream of bytes that continue an upload.
 *
 * <p>What comes is kept part by part: a part is in the store and in the registry before the next
 * one is begun to be kept, so that a stream that is cut loses its last part at most. While one part
 * is being kept the next one is taken in; not more than that, so a client is as fast as the store,
 * and neither memory nor staging area grow with the upload.
 */
final class WriteCall implements InboundStream.Handler<WriteUploadRequest, WriteUploadResponse> {
  /** What a stream needs of its service. */
  interface Host {
    /** The upload, which goes on at this offset; throws where it does not. */
    UploadState begin(WriteUploadHeader header);

    Spool openSpool() throws IOException;

    /**
     * Keeps a part. When this returns, it is in the store, and the upload counts it.
     *
     * @param digestState of everything up to the end of the part
     */
    UploadState append(UploadState upload, SpooledFile part, ByteString digestState)
        throws IOException;

    /** Runs in another thread. */
    PendingPart start(PartTask task);

    WriteUploadResponse answer(UploadState upload);
  }

  /** The keeping of a part. */
  interface PartTask {
    UploadState run() throws IOException;
  }

  /** A part on its way. */
  interface PendingPart {
    /** Waits until it is kept; throws what went wrong. */
    UploadState await() throws IOException;
  }

  private final Host host;
  private final int partBytes;
  private @Nullable UploadState upload;
  private @Nullable RunningDigest digest;
  private @Nullable Spool spool;
  private @Nullable PendingPart pending;

  /** Bytes taken of the upload, those not kept yet included. */
  private long taken;

  WriteCall(Host host, int partBytes) {
    this.host = host;
    this.partBytes = partBytes;
  }

  @Override
  public void take(WriteUploadRequest message) throws IOException {
    switch (message.getDataCase()) {
      case HEADER -> begin(message.getHeader());
      case CHUNK -> take(message.getChunk());
      case DATA_NOT_SET -> throw ApiErrors.invalid("data", "has neither a header nor a chunk");
    }
  }

  private void begin(WriteUploadHeader header) {
    if (upload != null) {
      throw ApiErrors.invalid("header", "came twice; it is the first message and no other");
    }
    UploadState begun = host.begin(header);
    upload = begun;
    digest = RunningDigest.goOn(begun.getDigestState());
    taken = begun.getOffset();
  }

  private void take(ByteString chunk) throws IOException {
    if (upload == null || digest == null) {
      throw ApiErrors.invalid("header", "must be the first message of the stream");
    }
    if (chunk.size() > upload.getMaxBytes() - taken) {
      throw ApiErrors.invalid(
          "chunk",
          "the upload may have %d bytes; this one ends at %d"
              .formatted(upload.getMaxBytes(), taken + chunk.size()));
    }
    int from = 0;
    while (from < chunk.size()) {
      Spool part = spool == null ? host.openSpool() : spool;
      spool = part;
      int to = (int) Math.min(chunk.size(), from + (partBytes - part.sizeBytes()));
      ByteString piece = chunk.substring(from, to);
      part.write(piece.asReadOnlyByteBufferList().toArray(new ByteBuffer[0]));
      digest.update(piece);
      taken += piece.size();
      from = to;
      if (part.sizeBytes() == partBytes) {
        keep(part, digest.state());
      }
    }
  }

  /** Hands the part over, as soon as the one before is kept. */
  private void keep(Spool part, ByteString digestState) throws IOException {
    UploadState before = awaitPending();
    SpooledFile bytes = part.finish();
    spool = null;
    pending =
        host.start(
            () -> {
              try (part) {
                return host.append(before, bytes, digestState);
              }
            });
  }

  private UploadState awaitPending() throws IOException {
    PendingPart before = pending;
    if (before != null) {
      pending = null;
      upload = before.await();
    }
    if (upload == null) {
      throw ApiErrors.invalid("header", "must be the first message; the stream was empty");
    }
    return upload;
  }

  @Override
  public WriteUploadResponse finish() throws IOException {
    if (spool != null && digest != null) {
      keep(spool, digest.state());
    }
    return host.answer(awaitPending());
  }

  @Override
  public void close() throws IOException {
    if (spool != null) {
      spool.close();
    }
  }
}
