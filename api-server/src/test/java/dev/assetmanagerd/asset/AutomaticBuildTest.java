package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.rootfs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.BuildInfo;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.build.v1.AutomaticBuild;
import dev.assetmanagerd.build.v1.BuildServiceGrpc;
import dev.assetmanagerd.build.v1.ListBuildsRequest;
import dev.assetmanagerd.build.v1.ListBuildsResponse;
import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.RequestBuild;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** QueryAssets with automatic build, as clients see it; the test is the coordinator. */
class AutomaticBuildTest {
  private static final String IMAGE = "nginx:1";

  @TempDir Path directory;
  private ServiceFixture service;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private static QueryAssetsRequest.Builder wanted() {
    QueryAssetsRequest.Builder request =
        QueryAssetsRequest.newBuilder()
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .putLabelSelector("docker_image", IMAGE);
    request.getBuildOptionsBuilder().setEnableAutoBuild(true);
    return request;
  }

  private static QueryAssetsRequest.Builder awaited(int timeoutSeconds) {
    QueryAssetsRequest.Builder request = wanted();
    request
        .getBuildOptionsBuilder()
        .setWaitForCompletion(true)
        .setBuildTimeoutSeconds(timeoutSeconds);
    return request;
  }

  private QueryAssetsResponse query(QueryAssetsRequest.Builder request) {
    return service.stub().queryAssets(request.build());
  }

  private ListenableFuture<QueryAssetsResponse> later(QueryAssetsRequest.Builder request) {
    return AssetManagerServiceGrpc.newFutureStub(service.channel()).queryAssets(request.build());
  }

  private List<Build> builds() {
    return service.registry.query(view -> view.builds(null, 100));
  }

  private Build build() {
    assertThat(builds()).hasSize(1);
    return builds().get(0);
  }

  private void advance(AdvanceBuild.Builder step) {
    Command command =
        Command.newBuilder()
            .setAdvanceBuild(step.setKey(build().getKey()).setAttempt(build().getAttempt()))
            .build();
    assertThat(
            service
                .registry
                .propose(command, Deadline.after(5, TimeUnit.SECONDS))
                .join()
                .outcome()
                .getBuildAdvanced()
                .getAdvanced())
        .as("%s", step)
        .isTrue();
  }

  private void fail(String why) {
    advance(
        AdvanceBuild.newBuilder()
            .setFail(AdvanceBuild.Fail.newBuilder().setError(why).setKeepMillis(30_000)));
  }

  private Asset uploadResult() {
    return service.upload(
        rootfs("built").setId(build().getSuggestedAssetId()).putLabels("docker_image", IMAGE),
        bytes(5000, 1));
  }

  private void awaitWaiting(int count) {
    await("calls that wait").until(() -> service.builds.waiting() == count);
  }

  @Test
  void aMissingImageIsWantedOnceAndSaidToBeBuilding() {
    QueryAssetsResponse first = query(wanted());
    QueryAssetsResponse second = query(wanted());

    assertThat(first.getAssetsList()).isEmpty();
    assertThat(first.getTriggeredBuildsList())
        .containsExactly(
            BuildInfo.newBuilder().setDockerImage(IMAGE).setStatus("building").build());
    assertThat(second).isEqualTo(first);
    assertThat(build().getState()).isEqualTo(Build.State.STATE_WANTED);
    assertThat(build().getBuildLabelsMap()).isEqualTo(Map.of("docker_image", IMAGE));
  }

  @Test
  void listingNeverHasAnythingBuilt() {
    service
        .stub()
        .listAssets(
            ListAssetsRequest.newBuilder()
                .setType(AssetType.ASSET_TYPE_ROOTFS)
                .putLabelSelector("docker_image", IMAGE)
                .build());

    assertThat(builds()).isEmpty();
    assertThat(service.registry.countApplied(Command.KindCase.REQUEST_BUILD)).isZero();
  }

  @Test
  void nothingIsBuiltOfWhatIsThere() {
    service.upload(rootfs("r").setId("r").putLabels("docker_image", IMAGE), bytes(10, 1));

    QueryAssetsResponse response = query(awaited(0));

    assertThat(response.getAssetsList()).extracting(Asset::getId).containsExactly("r");
    assertThat(response.getTriggeredBuildsList()).isEmpty();
    assertThat(builds()).isEmpty();
  }

  @Test
  void queriesThatCannotBeAnsweredByABuildBuildNothing() {
    QueryAssetsRequest.Builder noImage = wanted().clearLabelSelector().putLabelSelector("a", "b");
    QueryAssetsRequest.Builder notAsked = wanted();
    notAsked.getBuildOptionsBuilder().setEnableAutoBuild(false);

    query(wanted().setType(AssetType.ASSET_TYPE_KERNEL));
    query(wanted().setStatusValue(4));
    query(wanted().putLabelSelector("docker_image", ""));
    query(noImage);
    query(notAsked);

    assertThat(builds()).isEmpty();
  }

  @Test
  void allWhoWaitAreAnsweredWithTheAssetWhenItIsThere() throws Exception {
    List<ListenableFuture<QueryAssetsResponse>> waiting = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      waiting.add(later(awaited(0)));
    }
    awaitWaiting(50);
    Asset asset = uploadResult();

    for (ListenableFuture<QueryAssetsResponse> call : waiting) {
      QueryAssetsResponse response = call.get(10, TimeUnit.SECONDS);
      assertThat(response.getAssetsList()).containsExactly(asset);
      assertThat(response.getTriggeredBuildsList())
          .singleElement()
          .satisfies(
              info -> {
                assertThat(info.getStatus()).isEqualTo("completed");
                assertThat(info.getAssetId()).isEqualTo(asset.getId());
                assertThat(info.getDockerImage()).isEqualTo(IMAGE);
                assertThat(info.getErrorMessage()).isEmpty();
              });
    }
    assertThat(builds()).hasSize(1);
    awaitWaiting(0);
  }

  @Test
  void whoWaitsLearnsWhyTheBuildFailed() throws Exception {
    ListenableFuture<QueryAssetsResponse> call = later(awaited(0));
    awaitWaiting(1);
    fail("no such image");

    QueryAssetsResponse response = call.get(10, TimeUnit.SECONDS);

    assertThat(response.getAssetsList()).isEmpty();
    assertThat(response.getTriggeredBuilds(0).getStatus()).isEqualTo("failed");
    assertThat(response.getTriggeredBuilds(0).getErrorMessage()).isEqualTo("no such image");
  }

  @Test
  void aFailureIsTheAnswerForAWhileAndThenTheBuildIsTriedAnew() {
    query(wanted());
    fail("no such image");

    QueryAssetsResponse soon = query(awaited(0));
    assertThat(soon.getTriggeredBuilds(0).getStatus()).isEqualTo("failed");
    assertThat(soon.getTriggeredBuilds(0).getErrorMessage()).isEqualTo("no such image");

    service.registry.pass(Duration.ofSeconds(31));
    QueryAssetsResponse later = query(wanted());
    assertThat(later.getTriggeredBuilds(0).getStatus()).isEqualTo("building");
    assertThat(later.getTriggeredBuilds(0).getErrorMessage()).isEmpty();
    assertThat(build().getState()).isEqualTo(Build.State.STATE_WANTED);
  }

  /** The time is that of the call, in seconds; the build has its own, and goes on. */
  @Test
  void whoHasWaitedLongEnoughIsToldThatTheBuildGoesOn() {
    long start = System.nanoTime();

    QueryAssetsResponse response = query(awaited(1));

    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(900), Duration.ofSeconds(8));
    assertThat(response.getAssetsList()).isEmpty();
    assertThat(response.getTriggeredBuilds(0).getStatus()).isEqualTo("building");
    assertThat(build().getState()).isEqualTo(Build.State.STATE_WANTED);
    assertThat(build().getDeadlineMillis())
        .as("the bound of the build is the configured one")
        .isGreaterThanOrEqualTo(Duration.ofMinutes(30).toMillis());
  }

  @Test
  void aClientThatGoesAwayStopsWaitingAndNotTheBuild() {
    ListenableFuture<QueryAssetsResponse> call = later(awaited(0));
    awaitWaiting(1);

    call.cancel(true);

    awaitWaiting(0);
    assertThat(build().getState()).isEqualTo(Build.State.STATE_WANTED);
  }

  @Test
  void aClientsDeadlineEndsItsCall() {
    assertThatThrownBy(
            () ->
                AssetManagerServiceGrpc.newBlockingStub(service.channel())
                    .withDeadlineAfter(700, TimeUnit.MILLISECONDS)
                    .queryAssets(awaited(0).build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            failure ->
                assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    awaitWaiting(0);
  }

  @Test
  void aNodeThatStopsSendsThoseWhoWaitToOthers() {
    ListenableFuture<QueryAssetsResponse> call = later(awaited(0));
    awaitWaiting(1);

    service.builds.close();

    assertThatThrownBy(() -> call.get(5, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("UNAVAILABLE")
        .hasMessageContaining("stopping");
    StatusRuntimeException next =
        catchThrowableOfType(StatusRuntimeException.class, () -> query(awaited(0)));
    assertThat(next.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void whereBuildsAreSwitchedOffTheReasonIsSaid(@TempDir Path other) throws IOException {
    try (ServiceFixture without = ServiceFixture.withoutBuilds(other)) {
      StatusRuntimeException failure =
          catchThrowableOfType(
              StatusRuntimeException.class, () -> without.stub().queryAssets(wanted().build()));

      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(failure).hasMessageContaining("BUILDERD_ENABLED");
      assertThat(without.registry.countApplied(Command.KindCase.REQUEST_BUILD)).isZero();
    }
  }

  @Test
  void labelsOfTheQueryAndOfTheBuildAreMerged() {
    QueryAssetsRequest.Builder request = wanted().putLabelSelector("env", "prod");
    request
        .getBuildOptionsBuilder()
        .putBuildLabels("team", "web")
        .putBuildLabels("env", "prod")
        .setSuggestedAssetId("mine");

    query(request);
    query(wanted());

    assertThat(builds()).as("other labels are another build").hasSize(2);
    Build merged =
        builds().stream().filter(build -> build.getSelectorCount() == 2).findFirst().orElseThrow();
    assertThat(merged.getBuildLabelsMap())
        .isEqualTo(Map.of("docker_image", IMAGE, "env", "prod", "team", "web"));
    assertThat(merged.getSelectorMap()).isEqualTo(Map.of("docker_image", IMAGE, "env", "prod"));
    assertThat(merged.getSuggestedAssetId()).isEqualTo("mine");
  }

  @Test
  void labelsThatContradictEachOtherAreRefused() {
    QueryAssetsRequest.Builder request = wanted();
    request.getBuildOptionsBuilder().putBuildLabels("docker_image", "other:1");

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> query(request));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("build_options.build_labels[\"docker_image\"]");
    assertThat(builds()).isEmpty();
  }

  @Test
  void anIdThatAnotherAssetHasCannotBeSuggested() {
    service.upload(rootfs("other").setId("taken"), bytes(10, 1));
    QueryAssetsRequest.Builder request = wanted();
    request.getBuildOptionsBuilder().setSuggestedAssetId("taken");

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> query(request));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(failure).hasMessageContaining("suggested_asset_id").hasMessageContaining("taken");
    assertThat(builds()).isEmpty();
  }

  @Test
  void tooManyUnfinishedBuildsAreRefused() {
    for (int i = 0; i < dev.assetmanagerd.build.Builds.MAX_UNFINISHED; i++) {
      query(wanted().putLabelSelector("docker_image", "image:" + i));
    }

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> query(wanted()));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(query(wanted().putLabelSelector("docker_image", "image:7")).getTriggeredBuilds(0))
        .as("those that run can still be joined")
        .extracting(BuildInfo::getStatus)
        .isEqualTo("building");
  }

  @Test
  void operatorsSeeBuildsPageByPage() {
    query(wanted());
    fail("no such image");
    query(wanted().putLabelSelector("docker_image", "other:1"));
    BuildServiceGrpc.BuildServiceBlockingStub stub =
        BuildServiceGrpc.newBlockingStub(service.channel());

    ListBuildsResponse first =
        stub.listBuilds(ListBuildsRequest.newBuilder().setPageSize(1).build());
    ListBuildsResponse second =
        stub.listBuilds(
            ListBuildsRequest.newBuilder().setPageToken(first.getNextPageToken()).build());

    assertThat(second.getNextPageToken()).isEmpty();
    assertThat(List.of(first.getBuilds(0), second.getBuilds(0)))
        .extracting(AutomaticBuild::getDockerImage, AutomaticBuild::getStatus)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple(IMAGE, "failed"),
            org.assertj.core.groups.Tuple.tuple("other:1", "pending"));
    assertThatThrownBy(
            () -> stub.listBuilds(ListBuildsRequest.newBuilder().setPageToken("x").build()))
        .hasMessageContaining("INVALID_ARGUMENT");
  }

  @Test
  void theKeyTellsImagesAndLabelsApart() {
    RequestBuild one = request(Map.of("docker_image", "a", "x", "yz"));
    RequestBuild other = request(Map.of("docker_image", "a", "xy", "z"));

    assertThat(one.getKey()).hasSize(64).isNotEqualTo(other.getKey());
    assertThat(request(Map.of("x", "yz", "docker_image", "a")).getKey()).isEqualTo(one.getKey());
  }

  private static RequestBuild request(Map<String, String> selector) {
    QueryAssetsRequest message =
        wanted().clearLabelSelector().putAllLabelSelector(selector).build();
    return BuildRequests.wanted(message, AssetRequests.query(message), Duration.ofMinutes(1))
        .orElseThrow();
  }
}
