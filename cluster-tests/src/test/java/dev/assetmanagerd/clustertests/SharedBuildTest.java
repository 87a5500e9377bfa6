package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.build.v1.AutomaticBuild;
import dev.assetmanagerd.build.v1.BuildServiceGrpc;
import dev.assetmanagerd.build.v1.ListBuildsRequest;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.client.WaitingQueries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many want the same image at the same time, and the leader dies while it is being built. */
@Tag("cluster")
@Timeout(180)
final class SharedBuildTest {
  private static final int CALLS = 500;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Path LOG = Path.of("target", "clusters", "SharedBuildTest-builderd.log");

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void fiveHundredQueriesOverThreeNodesStartOneBuildThatOutlivesTheLeader() throws Exception {
    try (BuilderdStandIn builderd = BuilderdStandIn.start(LOG)) {
      TestCluster cluster =
          clusters.start(
              3,
              options ->
                  options
                      .with("BUILDERD_ENABLED", "true")
                      .with("BUILDERD_ENDPOINT", builderd.endpoint())
                      .with("BUILDERD_POLL_INTERVAL", "500ms"));
      builderd.uploadTo(cluster.nodes());
      builderd.behave(now -> now.setDurationMillis(20_000));

      List<CompletableFuture<QueryAssetsResponse>> calls =
          WaitingQueries.start(
              cluster.nodes(), WaitingQueries.forImage("nginx:latest"), CALLS, PATIENCE);
      awaitBuilding(cluster.leader());
      assertThat(builderd.counts().getCreateCalls()).as("before the leader dies").isEqualTo(1);
      assertThat(calls).as("answered while it is being built").noneMatch(CompletableFuture::isDone);

      Node leader = cluster.leader();
      cluster.kill(leader);
      Set<Asset> assets = assets(calls);

      assertThat(assets).hasSize(1);
      assertThat(builderd.counts().getCreateCalls()).isEqualTo(1);
      assertThat(builderd.counts().getKeysList())
          .singleElement()
          .satisfies(key -> assertThat(key.getBuilds()).isEqualTo(1));
      assertThat(builderd.counts().getUploads()).isEqualTo(1);
      cluster.start(leader);
      cluster.assertReplicasEqual();
    }
  }

  private static Set<Asset> assets(List<CompletableFuture<QueryAssetsResponse>> calls)
      throws Exception {
    CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new))
        .get(PATIENCE.toSeconds() + 10, TimeUnit.SECONDS);
    assertThat(calls)
        .allSatisfy(call -> assertThat(call.join().getAssetsList()).as("%s", call).hasSize(1));
    return calls.stream().map(call -> call.join().getAssets(0)).collect(Collectors.toSet());
  }

  private static void awaitBuilding(Node node) {
    Awaitility.await("builderd is at it")
        .atMost(Duration.ofSeconds(30))
        .until(
            () ->
                BuildServiceGrpc.newBlockingStub(node.channel())
                    .withDeadlineAfter(10, TimeUnit.SECONDS)
                    .listBuilds(ListBuildsRequest.getDefaultInstance())
                    .getBuildsList()
                    .stream()
                    .map(AutomaticBuild::getBuildId)
                    .anyMatch(id -> !id.isEmpty()));
  }
}
