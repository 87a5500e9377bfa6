package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour.Result;
import dev.assetmanagerd.clustertests.client.WaitingQueries;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Builds whose artifact the node registers itself, and calls that wait on a node that stops. */
@Tag("cluster")
@Timeout(180)
final class BuildOnOneNodeTest {
  private static final Path LOG = Path.of("target", "clusters", "BuildOnOneNodeTest-builderd.log");

  @RegisterExtension final Clusters clusters = new Clusters();

  private TestCluster start(BuilderdStandIn builderd, boolean autoRegister) {
    return clusters.start(
        1,
        options ->
            options
                .with("BUILDERD_ENABLED", "true")
                .with("BUILDERD_ENDPOINT", builderd.endpoint())
                .with("BUILDERD_POLL_INTERVAL", "200ms")
                .with("BUILDERD_AUTO_REGISTER", Boolean.toString(autoRegister)));
  }

  @Test
  void whereBuilderdDoesNotUploadTheLeaderRegistersWhatItLeftInTheStore() throws Exception {
    try (BuilderdStandIn builderd = BuilderdStandIn.start(LOG)) {
      TestCluster cluster = start(builderd, false);
      builderd.behave(
          now ->
              now.setDurationMillis(500)
                  .setResult(Result.RESULT_LEFT_IN_STORE)
                  .setStore(cluster.blobDirectory().toString()));

      QueryAssetsResponse response =
          WaitingQueries.start(
                  cluster.nodes(), WaitingQueries.forImage("left:1"), 1, Duration.ofSeconds(60))
              .get(0)
              .get(60, TimeUnit.SECONDS);

      assertThat(response.getAssetsList()).as("%s", response).hasSize(1);
      Asset asset = response.getAssets(0);
      assertThat(asset.getLocation()).isEqualTo("builds/build-1.ext4");
      assertThat(asset.getBuildId()).isEqualTo("build-1");
      assertThat(asset.getLabelsMap())
          .containsEntry("docker_image", "left:1")
          .containsEntry("build_id", "build-1")
          .containsEntry("created_by", "builderd");
      assertThat(builderd.counts().getUploads()).isZero();
    }
  }

  @Test
  void aNodeThatStopsSendsThoseWhoWaitAwayAndDoesNotWaitForTheBuild() {
    try (BuilderdStandIn builderd = BuilderdStandIn.start(LOG)) {
      TestCluster cluster = start(builderd, true);
      builderd.uploadTo(cluster.nodes());
      builderd.behave(now -> now.setDurationMillis(600_000));
      Node node = cluster.leader();
      CompletableFuture<QueryAssetsResponse> call =
          CompletableFuture.supplyAsync(
              () ->
                  AssetManagerServiceGrpc.newBlockingStub(node.channel())
                      .withDeadlineAfter(120, TimeUnit.SECONDS)
                      .queryAssets(WaitingQueries.forImage("slow:1")));
      Awaitility.await("builderd is at it")
          .atMost(Duration.ofSeconds(30))
          .until(() -> builderd.counts().getCreateCalls() == 1);
      long start = System.nanoTime();

      cluster.stop(node);

      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as("time to stop; it may take 30 s to wait for calls in flight")
          .isLessThan(Duration.ofSeconds(25));
      CompletionException ended = catchThrowableOfType(CompletionException.class, call::join);
      Status failure = Status.fromThrowable(ended);
      assertThat(failure.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getDescription()).contains("stopping");
    }
  }
}
