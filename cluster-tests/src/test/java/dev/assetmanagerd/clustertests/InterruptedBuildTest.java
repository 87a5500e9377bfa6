package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour.Result;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse.Tally;
import dev.assetmanagerd.clustertests.client.WaitingQueries;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import dev.assetmanagerd.process.FailPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The leader dies at each step of a build: the next one finishes it, and builderd is asked, and
 * builds, once.
 */
@Tag("cluster")
@Timeout(400)
final class InterruptedBuildTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path LOG =
      Path.of("target", "clusters", "InterruptedBuildTest-builderd.log");
  private static final List<FailPoint> STEPS =
      List.of(
          FailPoint.BUILD_AFTER_WANT,
          FailPoint.BUILD_AFTER_STARTING,
          FailPoint.BUILD_AFTER_CREATE,
          FailPoint.BUILD_AFTER_STARTED,
          FailPoint.BUILD_BEFORE_COMPLETE,
          FailPoint.BUILD_AFTER_COMPLETE,
          FailPoint.UPLOAD_AFTER_RESERVE,
          FailPoint.UPLOAD_AFTER_PUT,
          FailPoint.UPLOAD_AFTER_REGISTER);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void aBuildOutlivesItsLeaderAtEachStepAndIsStartedOnce() throws Exception {
    try (BuilderdStandIn builderd = BuilderdStandIn.start(LOG)) {
      TestCluster cluster =
          clusters.start(
              3,
              options ->
                  options
                      .withFailPoints()
                      .with("BUILDERD_ENABLED", "true")
                      .with("BUILDERD_ENDPOINT", builderd.endpoint())
                      .with("BUILDERD_POLL_INTERVAL", "300ms")
                      .with("BUILDERD_START_GRACE", "8s"));
      for (FailPoint step : STEPS) {
        haltAt(step, cluster, builderd);
      }
      List<Asset> assets = assets(cluster.leader());
      assertThat(assets).as("one of each image").hasSize(STEPS.size());
      Awaitility.await("nothing is left over")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(StoreAudit.check(cluster.blobDirectory(), assets)).isEmpty());
      cluster.assertReplicasEqual();
    }
  }

  private static void haltAt(FailPoint step, TestCluster cluster, BuilderdStandIn builderd)
      throws Exception {
    String image = "image:" + step.id();
    Node leader = cluster.leader();
    List<Node> leaderFirst = new ArrayList<>(cluster.nodes());
    leaderFirst.remove(leader);
    leaderFirst.add(0, leader);
    builderd.uploadTo(leaderFirst);
    boolean late = step == FailPoint.BUILD_BEFORE_COMPLETE;
    builderd.behave(
        now ->
            now.setDurationMillis(1_500)
                .setResult(late ? Result.RESULT_UPLOADED_LATE : Result.RESULT_UPLOADED));
    cluster.failAt(leader, step, FailAction.HALT);
    long start = System.nanoTime();

    CompletableFuture<QueryAssetsResponse> call =
        WaitingQueries.start(leaderFirst, WaitingQueries.forImage(image), 1, PATIENCE).get(0);
    cluster.awaitHalt(leader, step);
    QueryAssetsResponse response = call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    System.out.printf("%s: answered after %.1f s%n", step.id(), (System.nanoTime() - start) / 1e9);

    assertThat(response.getAssetsList()).as("%s: %s", step.id(), response).hasSize(1);
    cluster.clearFailPoint(leader, step);
    cluster.start(leader);
    cluster.awaitCaughtUp();
    assertAskedOnce(builderd.counts(), image, step);
  }

  private static void assertAskedOnce(GetCountsResponse counts, String image, FailPoint step) {
    Tally tally =
        counts.getImagesList().stream()
            .filter(each -> each.getName().equals(image))
            .findFirst()
            .orElseThrow();
    assertThat(tally.getBuilds()).as("%s: builds", step.id()).isEqualTo(1);
    assertThat(tally.getCalls()).as("%s: calls of CreateBuild", step.id()).isEqualTo(1);
    assertThat(counts.getKeysList())
        .as("%s: builds by key", step.id())
        .allSatisfy(key -> assertThat(key.getBuilds()).isEqualTo(1));
  }

  private static List<Asset> assets(Node node) {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .listAssets(ListAssetsRequest.getDefaultInstance())
        .getAssetsList();
  }
}
