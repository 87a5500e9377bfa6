package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import io.grpc.Channel;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;

/** How the bytes of a file become an asset. */
interface UploadMode {
  /** The asset, and the SHA-256 of the file as it was read here. */
  record Uploaded(Asset asset, String checksum) {}

  /** Blocks until the asset is there. */
  Uploaded upload(UploadAssetMetadata metadata, Path file, Progress progress) throws IOException;

  /** Makes a call that changes something, at a node that answers. */
  interface Changes {
    <T> T make(Function<Channel, T> call);
  }

  /** In one stream to one node, which begins anew at another one. */
  static UploadMode streamed(Changes changes, Deadline deadline, int chunkBytes) {
    return (metadata, file, progress) -> {
      FileStream.Source<UploadAssetRequest> source =
          new FileStream.Source<>(
              file,
              0,
              UploadAssetRequest.newBuilder().setMetadata(metadata).build(),
              bytes -> UploadAssetRequest.newBuilder().setChunk(bytes).build(),
              chunkBytes);
      FileStream.Result<UploadAssetResponse> result =
          changes.make(
              channel ->
                  FileStream.send(
                      source,
                      progress,
                      AssetManagerServiceGrpc.newStub(channel).withDeadline(deadline)
                          ::uploadAsset));
      return new Uploaded(result.response().getAsset(), result.checksum());
    };
  }
}
