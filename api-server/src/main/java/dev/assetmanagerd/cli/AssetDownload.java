package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.transfer.v1.DownloadAssetRequest;
import dev.assetmanagerd.transfer.v1.DownloadAssetResponse;
import dev.assetmanagerd.transfer.v1.DownloadHeader;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Brings an asset, or a range of it, into a sink; goes on at the next node where it is cut. */
final class AssetDownload {
  private final String id;
  private final long offset;
  private final long length;
  private final DownloadSink sink;
  private final Progress.Style progress;
  private final PrintWriter err;
  private @Nullable Asset asset;

  /**
   * @param length 0: to the end
   */
  AssetDownload(
      String id,
      long offset,
      long length,
      DownloadSink sink,
      Progress.Style progress,
      PrintWriter err) {
    this.id = id;
    this.offset = offset;
    this.length = length;
    this.sink = sink;
    this.progress = progress;
    this.err = err;
  }

  /**
   * One attempt, at one node; blocks until all bytes are in the sink.
   *
   * @throws StatusRuntimeException what the call failed with; what came before stays in the sink
   * @throws CallFailedException when the bytes cannot be written, or are those of another asset
   */
  Asset run(Channel channel, Deadline deadline) {
    Asset known = asset;
    if (known != null && length > 0 && sink.receivedBytes() == length) {
      return known; // the line was cut behind the last byte
    }
    try {
      return receive(channel, deadline);
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.OUT_OF_RANGE || sink.earlierBytes() == 0) {
        throw e;
      }
      startAnew();
      return receive(channel, deadline);
    }
  }

  /** What an earlier run has left is not of this asset as it is now. */
  private void startAnew() {
    try {
      sink.restart();
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  private Asset receive(Channel channel, Deadline deadline) {
    DownloadAssetRequest request =
        DownloadAssetRequest.newBuilder()
            .setId(id)
            .setOffset(offset + sink.receivedBytes())
            .setLength(length == 0 ? 0 : length - sink.receivedBytes())
            .build();
    Iterator<DownloadAssetResponse> messages =
        TransferServiceGrpc.newBlockingStub(channel).withDeadline(deadline).downloadAsset(request);
    DownloadHeader header = header(messages);
    long done = sink.receivedBytes();
    try (Progress shown =
        Progress.of(progress, header.getAsset().getName(), done + header.getLength(), err)) {
      shown.restart(done);
      while (messages.hasNext()) {
        ByteBuffer chunk = messages.next().getChunk().asReadOnlyByteBuffer();
        shown.sent(chunk.remaining());
        sink.write(chunk);
      }
    } catch (IOException e) {
      throw cannotWrite(e);
    }
    if (sink.receivedBytes() != done + header.getLength()) {
      throw new CallFailedException(
          Status.Code.DATA_LOSS,
          false,
          "the node sent %d of %d bytes"
              .formatted(sink.receivedBytes() - done, header.getLength()));
    }
    return header.getAsset();
  }

  private DownloadHeader header(Iterator<DownloadAssetResponse> messages) {
    DownloadHeader header =
        messages.hasNext() ? messages.next().getHeader() : DownloadHeader.getDefaultInstance();
    if (header.getAsset().getId().isEmpty()) {
      throw new CallFailedException(
          Status.Code.INTERNAL, false, "the node did not say what it sends");
    }
    Asset before = asset;
    if (before != null && !before.getChecksum().equals(header.getAsset().getChecksum())) {
      throw new CallFailedException(
          Status.Code.ABORTED, false, "asset " + id + " was replaced by another one meanwhile");
    }
    asset = header.getAsset();
    return header;
  }

  private static CallFailedException cannotWrite(IOException failure) {
    return new CallFailedException(
        Status.Code.INTERNAL, false, "cannot write the file: " + failure);
  }
}
