package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.clustertests.chaos.check.FinalState;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.LeaseLists;
import dev.assetmanagerd.lease.v1.Lease;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** Reads what a cluster has in the end, all pages of it. */
final class FinalStates {
  private static final Duration READ_MAX = Duration.ofSeconds(60);

  private FinalStates() {}

  /** Tries until it could all be read; fails when that takes longer than a minute. */
  static FinalState read(AssetClient client) {
    return Awaitility.await("the final state can be read")
        .atMost(READ_MAX)
        .pollDelay(Duration.ZERO)
        .until(() -> tried(client), Optional::isPresent)
        .orElseThrow();
  }

  private static Optional<FinalState> tried(AssetClient client) throws CallFailedException {
    try {
      return Optional.of(new FinalState(assets(client), leases(client)));
    } catch (CallFailedException e) {
      if (Failures.mayPass(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Map<String, Seen> assets(AssetClient client) throws CallFailedException {
    Map<String, Seen> assets = new HashMap<>();
    for (Asset asset : client.list(AssetStatus.ASSET_STATUS_AVAILABLE)) {
      assets.put(asset.getId(), AssetSteps.seen(asset));
    }
    return assets;
  }

  private static Set<String> leases(AssetClient client) throws CallFailedException {
    return LeaseLists.leases(client).stream().map(Lease::getId).collect(Collectors.toSet());
  }
}
