package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lease renew}. */
@Command(
    name = "renew",
    description = {
      "Lets leases live for another TTL from now. The exit code is 4 where one of them is gone;",
      "the others are renewed."
    })
final class LeaseRenewCommand extends ChangeCommand {
  @Parameters(arity = "1..*", paramLabel = "LEASE-ID", description = "Ids of the leases.")
  private List<String> ids = new ArrayList<>();

  @Option(
      names = "--ttl",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "A new TTL, in whole seconds. Default: each lease's own.")
  private Duration ttl = Duration.ZERO;

  @Override
  int run(NodeClient client) throws IOException {
    RenewLeasesRequest request =
        RenewLeasesRequest.newBuilder()
            .addAllLeaseIds(ids)
            .setTtlSeconds(seconds("--ttl", ttl))
            .build();
    RenewLeasesResponse response =
        change(client, channel -> leases(channel, client).renewLeases(request));
    if (json()) {
      printJson(response);
    } else {
      LeaseTables.ofLeases(response.getRenewedList()).print(out());
    }
    return notFound(response.getNotFoundIdsList());
  }
}
