package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset acquire}. */
@Command(
    name = "acquire",
    description = "Takes a lease: while it lives, the asset is not deleted. Prints the lease's id.")
final class AcquireCommand extends ChangeCommand {
  @Parameters(paramLabel = "ID", description = "Id of the asset.")
  private String id = "";

  @Option(
      names = "--by",
      required = true,
      paramLabel = "WHO",
      description = "Who holds the lease, such as the id of a VM.")
  private String acquiredBy = "";

  @Option(
      names = "--ttl",
      paramLabel = "DURATION",
      converter = Durations.class,
      description =
          "How long the lease lives, in whole seconds. Default: what the node configures.")
  private Duration ttl = Duration.ZERO;

  @Mixin private SessionOption session = new SessionOption();

  @Override
  int run(NodeClient client) throws IOException {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder()
            .setAssetId(id)
            .setAcquiredBy(acquiredBy)
            .setTtlSeconds(seconds("--ttl", ttl))
            .build();
    AcquireAssetResponse response =
        change(client, channel -> assets(session.in(channel), client).acquireAsset(request));
    if (json()) {
      printJson(response);
    } else {
      out().println(response.getLeaseId());
    }
    return ExitCodes.OK;
  }
}
