package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.GetUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc.TransferServiceBlockingStub;
import dev.assetmanagerd.transfer.v1.Upload;
import dev.assetmanagerd.transfer.v1.WriteUploadHeader;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import io.grpc.Channel;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An upload that goes on where it was cut: at the next node, or when the command is run again. Each
 * node is asked first how far the upload is.
 */
final class ResumableUpload implements UploadMode {
  private final NodeClient client;
  private final UploadState state;
  private final int chunkBytes;

  ResumableUpload(NodeClient client, UploadState state, int chunkBytes) {
    this.client = client;
    this.state = state;
    this.chunkBytes = chunkBytes;
  }

  @Override
  public Uploaded upload(UploadAssetMetadata metadata, Path file, Progress progress)
      throws IOException {
    String checksum = Digests.ofFile(file);
    String id = begun(checksum).orElse("");
    if (id.isEmpty()) {
      id = open(metadata, checksum);
      state.write(id);
    }
    Asset asset = finish(id, file, progress);
    state.delete();
    return new Uploaded(asset, checksum);
  }

  /** The upload of an earlier run, where there still is one. */
  private Optional<String> begun(String checksum) throws IOException {
    Optional<String> id = state.read();
    if (id.isEmpty()) {
      return id;
    }
    Upload upload;
    try {
      upload = client.read(channel -> get(channel, id.get()));
    } catch (CallFailedException e) {
      if (e.code() == Status.Code.NOT_FOUND) {
        return Optional.empty(); // it has expired
      }
      throw e;
    }
    if (!upload.getChecksum().equals(checksum)) {
      throw new CallFailedException(
          Status.Code.FAILED_PRECONDITION,
          false,
          "upload "
              + id.get()
              + " was begun with other bytes than the file has now; delete "
              + state.path()
              + " to begin anew");
    }
    return id;
  }

  private String open(UploadAssetMetadata metadata, String checksum) {
    OpenUploadRequest request =
        OpenUploadRequest.newBuilder().setMetadata(metadata).setChecksum(checksum).build();
    return client.change(channel -> stub(channel).openUpload(request)).getUpload().getId();
  }

  private Upload get(Channel channel, String id) {
    return stub(channel)
        .getUpload(GetUploadRequest.newBuilder().setUploadId(id).build())
        .getUpload();
  }

  private Asset finish(String id, Path file, Progress progress) {
    // What is written goes to an offset, and completing again gives the same asset.
    return client.changeOnce(
        channel -> {
          Upload upload = get(channel, id);
          if (upload.getAssetId().isEmpty()
              && upload.getOffset() < upload.getMetadata().getSizeBytes()) {
            write(channel, upload, file, progress);
          }
          return stub(channel)
              .completeUpload(CompleteUploadRequest.newBuilder().setUploadId(id).build())
              .getAsset();
        });
  }

  private void write(Channel channel, Upload upload, Path file, Progress progress) {
    WriteUploadHeader header =
        WriteUploadHeader.newBuilder()
            .setUploadId(upload.getId())
            .setOffset(upload.getOffset())
            .build();
    FileStream.Source<WriteUploadRequest> source =
        new FileStream.Source<>(
            file,
            upload.getOffset(),
            WriteUploadRequest.newBuilder().setHeader(header).build(),
            bytes -> WriteUploadRequest.newBuilder().setChunk(bytes).build(),
            chunkBytes);
    FileStream.Result<WriteUploadResponse> unused =
        FileStream.send(
            source,
            progress,
            TransferServiceGrpc.newStub(channel).withDeadline(client.deadline())::writeUpload);
  }

  private TransferServiceBlockingStub stub(Channel channel) {
    return TransferServiceGrpc.newBlockingStub(channel).withDeadline(client.deadline());
  }
}
