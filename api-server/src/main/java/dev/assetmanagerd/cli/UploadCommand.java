package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset upload}. */
@Command(
    name = "upload",
    description = {
      "Stores a file as a new asset. What the node stored is compared with what was read here;",
      "the exit code is 8 where they differ."
    })
final class UploadCommand extends ChangeCommand {
  private static final Duration TIMEOUT = Duration.ofHours(24);
  private static final int MIN_CHUNK_BYTES = 1 << 10;
  private static final int MAX_CHUNK_BYTES = 1 << 20;

  @Parameters(paramLabel = "FILE", description = "The file.")
  private Path file = Path.of("");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the asset. Default: that of the file.")
  private String name = "";

  @Mixin private AssetOptions asset = new AssetOptions();

  @Option(
      names = "--progress",
      paramLabel = "auto|none|plain|tty",
      defaultValue = "auto",
      description = "How to show progress on standard error. Default: a bar, on a terminal only.")
  private Progress.Style progress = Progress.Style.auto;

  @Option(
      names = "--chunk-size",
      paramLabel = "BYTES",
      defaultValue = "262144",
      description = "Bytes per message, 1024 to 1048576. Default: ${DEFAULT-VALUE}.")
  private int chunkBytes;

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    if (chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES) {
      throw usage("--chunk-size: must be from 1024 to 1048576, not " + chunkBytes);
    }
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw usage("FILE: " + file + " is not a file that can be read");
    }
    long size = Files.size(file);
    UploadAssetMetadata metadata = metadata(size);
    FileUpload.Result result;
    try (Progress shown = Progress.of(progress, metadata.getName(), size, err())) {
      result =
          change(
              client,
              channel ->
                  FileUpload.run(channel, client.deadline(), metadata, file, chunkBytes, shown));
    }
    Asset stored = result.response().getAsset();
    if (!stored.getChecksum().equals(result.checksum())) {
      err()
          .println(
              "error: data_loss: the node stored "
                  + stored.getChecksum()
                  + ", but the file read here has "
                  + result.checksum());
      return ExitCodes.INTEGRITY;
    }
    print(result.response());
    return ExitCodes.OK;
  }

  private UploadAssetMetadata metadata(long size) {
    return UploadAssetMetadata.newBuilder()
        .setName(name.isEmpty() ? String.valueOf(file.getFileName()) : name)
        .setType(asset.type)
        .setSizeBytes(size)
        .putAllLabels(asset.labels)
        .setCreatedBy(asset.createdBy)
        .setBuildId(asset.buildId)
        .setSourceImage(asset.sourceImage)
        .setId(asset.id)
        .build();
  }

  private void print(UploadAssetResponse response) throws IOException {
    if (json()) {
      printJson(response);
    } else {
      Table.ofAssets(List.of(response.getAsset())).print(out());
    }
  }
}
