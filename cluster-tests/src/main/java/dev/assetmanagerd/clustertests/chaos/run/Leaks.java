package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** What is left of calls that ended half-way, when all is quiet and the store has been swept. */
final class Leaks {
  private static final Duration GONE_MAX = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final long CALL_MAX_SECONDS = 20;

  private Leaks() {}

  /** Waits until there is nothing that should not be there, for a minute. */
  static Verdict look(TestCluster cluster, AssetClient client) {
    List<String> left = new ArrayList<>(List.of("nobody has looked yet"));
    try {
      Awaitility.await("nothing is left over")
          .atMost(GONE_MAX)
          .pollInterval(LOOK_EVERY)
          .pollDelay(Duration.ZERO)
          .until(
              () -> {
                left.clear();
                left.addAll(leftOver(cluster, client));
                return left.isEmpty();
              });
    } catch (ConditionTimeoutException late) {
      // What there is to say is in the list.
    }
    List<Finding> findings = left.stream().map(what -> new Finding(what, List.of())).toList();
    return Verdict.of("nothing is left over", findings, Map.of());
  }

  private static List<String> leftOver(TestCluster cluster, AssetClient client) {
    try {
      sweep(client);
      List<String> deleting =
          client.list(AssetStatus.ASSET_STATUS_DELETING).stream()
              .map(Asset::getId)
              .map(id -> "still being deleted: " + id)
              .toList();
      List<String> store = StoreAudit.check(cluster.blobDirectory(), client.listAll());
      return Stream.concat(deleting.stream(), store.stream()).toList();
    } catch (CallFailedException e) {
      return List.of("could not look: " + e);
    }
  }

  private static void sweep(AssetClient client) throws CallFailedException {
    SweepOrphansRequest request =
        SweepOrphansRequest.newBuilder().setMinAgeSeconds(1).setAllowEmptyRegistry(true).build();
    var unused =
        client.over(
            channel ->
                GarbageServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(CALL_MAX_SECONDS, TimeUnit.SECONDS)
                    .sweepOrphans(request));
  }
}
