package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.AppendUpload;
import dev.assetmanagerd.log.v1.CloseUpload;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.RegisterAsset;

/** Commands about uploads as nodes make them. */
final class UploadTestCommands {
  static final long TTL_MILLIS = 60_000;

  private UploadTestCommands() {}

  static OpenUpload.Builder opening(String id) {
    return OpenUpload.newBuilder()
        .setUploadId(id)
        .setMetadata(ByteString.copyFromUtf8("metadata"))
        .setMaxBytes(1_000_000)
        .setTtlMillis(TTL_MILLIS)
        .setDigestState(ByteString.copyFromUtf8("none"));
  }

  static Command open(OpenUpload.Builder opening) {
    return Command.newBuilder().setOpenUpload(opening).build();
  }

  static Command open(String id) {
    return open(opening(id));
  }

  static Command append(String id, long offset, long size, String partId) {
    return Command.newBuilder()
        .setAppendUpload(
            AppendUpload.newBuilder()
                .setUploadId(id)
                .setOffset(offset)
                .setSizeBytes(size)
                .setPartId(partId)
                .setDigestState(ByteString.copyFromUtf8("after " + (offset + size))))
        .build();
  }

  static Command close(String id) {
    return Command.newBuilder().setCloseUpload(CloseUpload.newBuilder().setUploadId(id)).build();
  }

  /** The asset, of as many bytes, that an upload becomes. */
  static Command complete(String uploadId, String assetId, long size) {
    return Command.newBuilder()
        .setRegisterAsset(
            RegisterAsset.newBuilder()
                .setAsset(Commands.asset(assetId).toBuilder().setSizeBytes(size))
                .setUploadId(uploadId))
        .build();
  }
}
