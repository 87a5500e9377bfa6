package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AcquireLeasesResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lease acquire}. */
@Command(name = "acquire", description = "Takes a lease on each of several assets, or none.")
final class LeaseAcquireCommand extends ChangeCommand {
  @Parameters(arity = "1..*", paramLabel = "ASSET-ID", description = "Ids of the assets.")
  private List<String> ids = new ArrayList<>();

  @Option(
      names = "--by",
      required = true,
      paramLabel = "WHO",
      description = "Who holds the leases, such as the id of a VM.")
  private String acquiredBy = "";

  @Option(
      names = "--ttl",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "How long they live, in whole seconds. Default: what the node configures.")
  private Duration ttl = Duration.ZERO;

  @Mixin private SessionOption session = new SessionOption();

  @Override
  int run(NodeClient client) throws IOException {
    AcquireLeasesRequest request =
        AcquireLeasesRequest.newBuilder()
            .addAllAssetIds(ids)
            .setAcquiredBy(acquiredBy)
            .setTtlSeconds(seconds("--ttl", ttl))
            .setSessionId(session.id())
            .build();
    AcquireLeasesResponse response =
        change(client, channel -> leases(channel, client).acquireLeases(request));
    if (json()) {
      printJson(response);
    } else {
      LeaseTables.ofLeases(response.getLeasesList()).print(out());
    }
    return ExitCodes.OK;
  }
}
