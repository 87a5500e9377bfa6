package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.RegisterAssetResponse;
import dev.assetmanagerd.api.v1.StorageBackend;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset register}. */
@Command(
    name = "register",
    description = "Adds an asset whose bytes are in the cluster's storage already.")
final class RegisterCommand extends ChangeCommand {
  /** The node reads all of the bytes. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  @Parameters(
      paramLabel = "LOCATION",
      description =
          "Where the bytes are: a path below the storage directory, a key in the bucket, or with"
              + " --backend http a URL.")
  private String location = "";

  @Option(names = "--name", required = true, paramLabel = "NAME", description = "Its name.")
  private String name = "";

  @Mixin private AssetOptions asset = new AssetOptions();

  @Option(
      names = "--backend",
      paramLabel = "BACKEND",
      converter = Names.Backend.class,
      description = "local, s3, http or nfs. Default: the cluster's.")
  private StorageBackend backend = StorageBackend.STORAGE_BACKEND_UNSPECIFIED;

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      description = "The size that it must have. Default: whatever is stored.")
  private long size;

  @Option(
      names = "--checksum",
      paramLabel = "SHA-256",
      description = "The checksum that it must have. Default: whatever is stored.")
  private String checksum = "";

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    RegisterAssetRequest request =
        RegisterAssetRequest.newBuilder()
            .setName(name)
            .setType(asset.type)
            .setBackend(backend)
            .setLocation(location)
            .setSizeBytes(size)
            .setChecksum(checksum)
            .putAllLabels(asset.labels)
            .setCreatedBy(asset.createdBy)
            .setBuildId(asset.buildId)
            .setSourceImage(asset.sourceImage)
            .setId(asset.id)
            .build();
    RegisterAssetResponse response =
        change(client, channel -> assets(channel, client).registerAsset(request));
    if (json()) {
      printJson(response);
    } else {
      Table.ofAssets(List.of(response.getAsset())).print(out());
    }
    return ExitCodes.OK;
  }
}
