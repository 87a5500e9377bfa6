package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.JsonFormat;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.BuildInfo;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour.Creating;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour.Result;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse.Tally;
import dev.assetmanagerd.clustertests.client.WaitingQueries;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What becomes of a build when builderd is busy, slow, forgetful, silent or eager. */
@Tag("cluster")
@Timeout(240)
final class MisbehavingBuilderdTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path LOG =
      Path.of("target", "clusters", "MisbehavingBuilderdTest-builderd.log");

  @RegisterExtension static final Clusters CLUSTERS = new Clusters();

  private static BuilderdStandIn builderd;
  private static TestCluster cluster;
  private String image = "";

  @BeforeAll
  static void start() {
    builderd = BuilderdStandIn.start(LOG);
    cluster =
        CLUSTERS.start(
            1,
            options ->
                options
                    .with("BUILDERD_ENABLED", "true")
                    .with("BUILDERD_ENDPOINT", builderd.endpoint())
                    .with("BUILDERD_POLL_INTERVAL", "200ms")
                    .with("BUILDERD_RETRY_DELAY", "500ms")
                    .with("BUILDERD_START_GRACE", "2s")
                    .with("BUILDERD_TIMEOUT", "34s")
                    .with("BUILDERD_FAILURE_TTL", "1s"));
    builderd.uploadTo(cluster.nodes());
  }

  @AfterAll
  static void stop() {
    builderd.close();
  }

  @BeforeEach
  void behave(TestInfo test) {
    image = test.getTestMethod().orElseThrow().getName() + ":1";
    set(now -> now.setDurationMillis(1_000));
  }

  /** From nothing, but for where to upload to. */
  private static void set(UnaryOperator<Behaviour.Builder> change) {
    builderd.behave(
        now -> change.apply(Behaviour.newBuilder().addAllUploadTo(now.getUploadToList())));
  }

  private CompletableFuture<QueryAssetsResponse> query() {
    return WaitingQueries.start(cluster.nodes(), WaitingQueries.forImage(image), 1, PATIENCE)
        .get(0);
  }

  private Asset built() throws Exception {
    QueryAssetsResponse response = query().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(response.getAssetsList()).as("%s", response).hasSize(1);
    return response.getAssets(0);
  }

  private BuildInfo failed() throws Exception {
    QueryAssetsResponse response = query().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(response.getTriggeredBuildsList()).as("%s", response).hasSize(1);
    assertThat(response.getTriggeredBuilds(0).getStatus()).as("%s", response).isEqualTo("failed");
    return response.getTriggeredBuilds(0);
  }

  private Tally tally() {
    return builderd.counts().getImagesList().stream()
        .filter(each -> each.getName().equals(image))
        .findFirst()
        .orElse(Tally.getDefaultInstance());
  }

  @Test
  void theResultHasTheLabelsOfTheBuildAndOfBuilderd() throws Exception {
    Asset asset = built();

    assertThat(asset.getLabelsMap())
        .containsEntry("docker_image", image)
        .containsEntry("created_by", "builderd")
        .containsKey("build_id");
    assertThat(asset.getSourceImage()).isEqualTo(image);
    assertThat(tally().getCalls()).isEqualTo(1);
  }

  @Test
  void aFailedBuildIsReportedAndTriedAnewWhenTheFailureIsOld() throws Exception {
    set(now -> now.setDurationMillis(300).setFailure("no space for layers"));
    assertThat(failed().getErrorMessage()).contains("no space for layers");

    set(now -> now.setDurationMillis(300));
    Awaitility.await("the failure is no answer any more")
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(500))
        .until(() -> query().get(30, TimeUnit.SECONDS).getAssetsCount() == 1);
    assertThat(tally().getBuilds()).isEqualTo(2);
  }

  @Test
  void aBusyBuilderdIsAskedAgain() throws Exception {
    set(now -> now.setCreating(Creating.CREATING_BUSY));
    CompletableFuture<QueryAssetsResponse> call = query();
    Awaitility.await("asked twice")
        .atMost(Duration.ofSeconds(20))
        .until(() -> tally().getCalls() >= 2);
    set(now -> now.setDurationMillis(300));

    assertThat(call.get(30, TimeUnit.SECONDS).getAssetsCount()).isEqualTo(1);
    assertThat(tally().getBuilds()).isEqualTo(1);
  }

  @Test
  void aBuilderdThatStaysBusyIsNotAskedForEver() throws Exception {
    set(now -> now.setCreating(Creating.CREATING_BUSY));

    assertThat(failed().getErrorMessage()).contains("too much to do");
    assertThat(tally().getCalls()).as("first and three retries").isEqualTo(4);
  }

  @Test
  void aRefusalIsFinal() throws Exception {
    set(now -> now.setCreating(Creating.CREATING_REFUSED));

    assertThat(failed().getErrorMessage()).contains("not built here");
    assertThat(tally().getCalls()).isEqualTo(1);
  }

  @Test
  void anErrorAfterTheBuildWasTakenStartsNoOther() throws Exception {
    set(now -> now.setDurationMillis(500).setCreating(Creating.CREATING_TAKEN_WITH_ERROR));

    built();

    assertThat(tally().getCalls()).isEqualTo(1);
    assertThat(tally().getBuilds()).isEqualTo(1);
  }

  /** It takes longer than the result is waited for, so builderd is asked again, by the same key. */
  @Test
  void aLostAnswerToASlowBuildStartsNoOther() throws Exception {
    set(now -> now.setDurationMillis(6_000).setCreating(Creating.CREATING_TAKEN_WITH_ERROR));
    CompletableFuture<QueryAssetsResponse> call = query();
    Awaitility.await("taken").until(() -> tally().getBuilds() == 1);
    set(now -> now.setDurationMillis(6_000));

    assertThat(call.get(40, TimeUnit.SECONDS).getAssetsCount()).isEqualTo(1);
    assertThat(tally().getCalls()).isEqualTo(2);
    assertThat(tally().getBuilds()).isEqualTo(1);
  }

  @Test
  void aResultThatComesBeforeTheAnswerIsTaken() throws Exception {
    set(now -> now.setDurationMillis(500).setCreating(Creating.CREATING_TAKEN_WITHOUT_ANSWER));

    built();

    assertThat(tally().getBuilds()).isEqualTo(1);
  }

  @Test
  void aBuildThatBuilderdHasLostIsStartedAgain() throws Exception {
    set(now -> now.setDurationMillis(60_000));
    CompletableFuture<QueryAssetsResponse> call = query();
    Awaitility.await("taken").until(() -> tally().getBuilds() == 1);
    set(now -> now.setDurationMillis(500));
    builderd.forgetBuilds();

    assertThat(call.get(30, TimeUnit.SECONDS).getAssetsCount()).isEqualTo(1);
    assertThat(tally().getBuilds()).isEqualTo(2);
  }

  @Test
  void aResultThatIsUploadedTwiceIsThereOnce() throws Exception {
    set(now -> now.setDurationMillis(300).setResult(Result.RESULT_UPLOADED_TWICE));
    int before = builderd.counts().getUploads();

    Asset asset = built();

    Awaitility.await("both uploads").until(() -> builderd.counts().getUploads() == before + 2);
    assertThat(built()).isEqualTo(asset);
  }

  @Test
  void aResultUnderAnotherIdThanSuggestedIsRecognised() throws Exception {
    set(now -> now.setDurationMillis(300).setIgnoresSuggestedIds(true).setUploadsOverGrpc(true));

    assertThat(built().getBuildId()).startsWith("build-");
  }

  @Test
  void aBuildWithoutResultFailsAndSaysSo() throws Exception {
    set(now -> now.setDurationMillis(300).setResult(Result.RESULT_LOST));

    assertThat(failed().getErrorMessage()).contains("uploaded no asset");
  }

  /** The calls wait for longer than calls without a deadline of their own are given otherwise. */
  @Test
  void aBuildThatTakesTooLongFailsAndItsLateResultIsUsedAllTheSame() throws Exception {
    set(now -> now.setDurationMillis(38_000));
    int before = builderd.counts().getUploads();
    BuildInfo failed = post().getTriggeredBuilds(0);
    assertThat(failed.getStatus()).isEqualTo("failed");
    assertThat(failed.getErrorMessage()).contains("not finished in time");

    Awaitility.await("the late result")
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(500))
        .until(() -> builderd.counts().getUploads() > before);
    assertThat(built().getSourceImage()).isEqualTo(image);
    assertThat(tally().getBuilds()).isEqualTo(1);
  }

  @Test
  void theDocumentedRequestWorksAsItStands() throws Exception {
    QueryAssetsResponse response = post();

    assertThat(response.getAssetsList()).hasSize(1);
    assertThat(response.getTriggeredBuilds(0).getStatus()).isEqualTo("completed");
    assertThat(response.getTriggeredBuilds(0).getAssetId())
        .isEqualTo(response.getAssets(0).getId());
  }

  /** As the documentation has it, but for the image; without a deadline. */
  private QueryAssetsResponse post() throws Exception {
    String body =
        """
        {
          "type": "ASSET_TYPE_ROOTFS",
          "label_selector": {
            "docker_image": "%s"
          },
          "build_options": {
            "enable_auto_build": true,
            "wait_for_completion": true,
            "build_timeout_seconds": 1800
          }
        }"""
            .formatted(image);
    HttpRequest request =
        HttpRequest.newBuilder(cluster.leader().uri("/asset.v1.AssetManagerService/QueryAssets"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as("%s", response.body()).isEqualTo(200);
    QueryAssetsResponse.Builder message = QueryAssetsResponse.newBuilder();
    JsonFormat.parser().merge(response.body(), message);
    return message.build();
  }
}
