package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lease list}. */
@Command(name = "list", description = "Lists leases by id. What is given has to match altogether.")
final class LeaseListCommand extends PagedCommand<ListLeasesResponse> {
  @Option(names = "--asset", paramLabel = "ASSET-ID", description = "Only those on this asset.")
  private String assetId = "";

  @Option(names = "--by", paramLabel = "WHO", description = "Only those of this holder.")
  private String holder = "";

  @Option(
      names = "--session",
      paramLabel = "SESSION-ID",
      description = "Only those that live with this session.")
  private String sessionId = "";

  @Option(
      names = "--expiring-within",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "Only those that end within this time unless renewed, in whole seconds.")
  private Duration expiring = Duration.ZERO;

  @Override
  String name() {
    return "leases";
  }

  @Override
  ListLeasesResponse page(NodeClient client, int size, String token) {
    ListLeasesRequest request =
        ListLeasesRequest.newBuilder()
            .setAssetId(assetId)
            .setAcquiredBy(holder)
            .setSessionId(sessionId)
            .setExpiringWithinSeconds(seconds("--expiring-within", expiring))
            .setPageSize(size)
            .setPageToken(token)
            .build();
    return client.read(channel -> leases(channel, client).listLeases(request));
  }

  @Override
  List<Lease> items(ListLeasesResponse page) {
    return page.getLeasesList();
  }

  @Override
  Table table(ListLeasesResponse page) {
    return LeaseTables.ofLeases(page.getLeasesList());
  }

  @Override
  String next(ListLeasesResponse page) {
    return page.getNextPageToken();
  }
}
