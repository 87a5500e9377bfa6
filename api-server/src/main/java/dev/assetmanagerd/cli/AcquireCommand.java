package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset acquire}. */
@Command(
    name = "acquire",
    description = "Takes a lease: while it lives, the asset is not deleted. Prints the lease's id.")
final class AcquireCommand extends RemoteCommand {
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
      description = "How long the lease lives, in whole seconds. Default: until it is released.")
  private Duration ttl = Duration.ZERO;

  @Override
  int run(NodeClient client) throws IOException {
    if (!ttl.isZero() && ttl.toMillis() % 1000 != 0) {
      throw usage("--ttl: " + ttl.toMillis() + "ms is not a whole number of seconds");
    }
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder()
            .setAssetId(id)
            .setAcquiredBy(acquiredBy)
            .setTtlSeconds(ttl.toSeconds())
            .build();
    AcquireAssetResponse response =
        client.change(channel -> assets(channel, client).acquireAsset(request));
    if (json()) {
      printJson(response);
    } else {
      out().println(response.getLeaseId());
    }
    return ExitCodes.OK;
  }
}
