package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import io.grpc.Channel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset upload}. */
@Command(
    name = "upload",
    description = {
      "Stores a file as a new asset. What the node stored is compared with what was read here;",
      "the exit code is 8 where they differ.",
      "With --resumable, an upload that was cut goes on at the next node, and where the command is"
          + " run again.",
      "With --direct, the bytes go past the nodes, straight to a store such as S3."
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

  @Option(names = "--resumable", description = "Goes on where it was cut. Reads the file twice.")
  private boolean resumable;

  @Option(
      names = "--state",
      paramLabel = "FILE",
      description = {
        "Where --resumable remembers what it has begun, until it is done.",
        "Default: the file's name with .upload added, beside it."
      })
  private @Nullable Path state;

  @Option(
      names = "--direct",
      description = "Sends the bytes to the store, not through a node. Reads the file twice.")
  private boolean direct;

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
    UploadMode mode = mode(client);
    UploadMode.Uploaded uploaded;
    try (Progress shown = Progress.of(progress, metadata.getName(), size, err())) {
      uploaded = mode.upload(metadata, file, shown);
    }
    if (!uploaded.asset().getChecksum().equals(uploaded.checksum())) {
      err()
          .println(
              "error: data_loss: the node stored "
                  + uploaded.asset().getChecksum()
                  + ", but the file read here has "
                  + uploaded.checksum());
      return ExitCodes.INTEGRITY;
    }
    print(UploadAssetResponse.newBuilder().setAsset(uploaded.asset()).build());
    return ExitCodes.OK;
  }

  private UploadMode mode(NodeClient client) {
    if (resumable && direct) {
      throw usage("--resumable, --direct: one excludes the other");
    }
    if (state != null && !resumable) {
      throw usage("--state: is for --resumable");
    }
    if ((resumable || direct) && hasIdempotencyKey()) {
      throw usage("--idempotency-key: is of no use with --resumable or --direct; give an --id");
    }
    if (direct) {
      return new DirectUpload(client);
    }
    return resumable
        ? new ResumableUpload(client, new UploadState(statePath()), chunkBytes)
        : UploadMode.streamed(changes(client), client.deadline(), chunkBytes);
  }

  private Path statePath() {
    return state == null ? file.resolveSibling(file.getFileName() + ".upload") : state;
  }

  private UploadMode.Changes changes(NodeClient client) {
    return new UploadMode.Changes() {
      @Override
      public <T> T make(Function<Channel, T> call) {
        return change(client, call);
      }
    };
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
