package dev.assetmanagerd.build;

import static dev.assetmanagerd.build.ScriptedBuilderd.fails;
import static dev.assetmanagerd.build.ScriptedBuilderd.job;
import static dev.assetmanagerd.build.ScriptedBuilderd.told;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.hash.Hashing;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.asset.LocalRegistry;
import dev.assetmanagerd.build.BuilderdException.Meaning;
import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildState;
import dev.assetmanagerd.builderd.v1.InitStrategy;
import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.Build.State;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.RequestBuild;
import dev.assetmanagerd.process.FailPoints;
import io.grpc.Deadline;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coordinator on the real registry, with a builderd that does as it is told. */
class BuildCoordinatorTest {
  private static final long TERM = 1;
  private static final String IMAGE = "nginx:1";
  private static final Map<String, String> LABELS = Map.of("docker_image", IMAGE, "team", "web");

  @TempDir Path directory;
  private LocalRegistry registry;
  private final ScriptedBuilderd builderd = new ScriptedBuilderd();
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final ExecutorService worker = Executors.newSingleThreadExecutor();
  private final LinkedBlockingQueue<Asset> registered = new LinkedBlockingQueue<>();
  private BuildCoordinator coordinator;

  @BeforeEach
  void start() {
    registry = new LocalRegistry(directory.resolve("registry.db"));
    coordinator = coordinator(TestBuilds.settings(true));
  }

  @AfterEach
  void stop() throws InterruptedException {
    coordinator.close();
    thread.shutdownNow();
    worker.shutdownNow();
    assertThat(thread.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    assertThat(worker.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    registry.close();
  }

  private BuildCoordinator coordinator(BuildSettings settings) {
    return new BuildCoordinator(
        settings,
        registry,
        builderd,
        new BuildResults(settings, registry, this::register, worker),
        FailPoints.off(),
        thread,
        Duration.ofMillis(10),
        System::nanoTime);
  }

  private Asset register(Asset wanted, long term) {
    assertThat(term).isEqualTo(TERM);
    registered.add(wanted);
    upload(wanted.getId(), wanted.getLabelsMap(), wanted.getBuildId());
    return wanted;
  }

  private Outcome apply(Command.Builder command) {
    return registry.propose(command.build(), Deadline.after(5, TimeUnit.SECONDS)).join().outcome();
  }

  private void want() {
    want(IMAGE);
  }

  private void want(String image) {
    Map<String, String> labels = Map.of("docker_image", image, "team", "web");
    Outcome outcome =
        apply(
            Command.newBuilder()
                .setRequestBuild(
                    RequestBuild.newBuilder()
                        .setKey(BuildKey.of(image, labels))
                        .setImage(image)
                        .putAllBuildLabels(labels)
                        .putSelector("docker_image", image)
                        .setSuggestedAssetId("suggested-" + image.replace(':', '-'))
                        .setTimeoutMillis(Duration.ofMinutes(30).toMillis())));
    assertThat(outcome.getBuildRequested().getCreated()).as("%s", outcome).isTrue();
  }

  /** As a leader before this one left it. */
  private void begun() {
    want();
    apply(
        Command.newBuilder()
            .setAdvanceBuild(
                AdvanceBuild.newBuilder()
                    .setKey(build().getKey())
                    .setStarting(AdvanceBuild.Starting.getDefaultInstance())));
    assertThat(build().getState()).isEqualTo(State.STATE_STARTING);
  }

  private void upload(String id, Map<String, String> labels, String buildId) {
    String checksum = Hashing.sha256().hashString(id, StandardCharsets.UTF_8).toString();
    Outcome outcome =
        apply(
            Command.newBuilder()
                .setRegisterAsset(
                    RegisterAsset.newBuilder()
                        .setAsset(
                            Asset.newBuilder()
                                .setId(id)
                                .setName(id)
                                .setType(AssetType.ASSET_TYPE_ROOTFS)
                                .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
                                .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
                                .setLocation(checksum.substring(0, 2) + "/" + checksum)
                                .setChecksum(checksum)
                                .setSizeBytes(5)
                                .setBuildId(buildId)
                                .putAllLabels(labels))));
    assertThat(outcome.hasAssetRegistered()).as("%s", outcome).isTrue();
  }

  private Build build() {
    return build(IMAGE);
  }

  private Build build(String image) {
    String key = BuildKey.of(image, Map.of("docker_image", image, "team", "web"));
    return registry.query(view -> view.build(key)).orElseThrow();
  }

  private void lead() {
    coordinator.onLeaderReady(TERM);
  }

  private void awaitState(State state) {
    await("state of the build")
        .atMost(Duration.ofSeconds(10))
        .pollInterval(Duration.ofMillis(10))
        .untilAsserted(() -> assertThat(build().getState()).as("%s", build()).isEqualTo(state));
  }

  private List<String> requestKeys() {
    return builderd.asked().stream().map(ScriptedBuilderd.Asked::requestKey).toList();
  }

  @Test
  void aBuildIsAskedForOnceAndWatchedUntilItsResultIsThere() {
    builderd.telling(
        id ->
            told(
                job(id, BuildState.BUILD_STATE_BUILDING)
                    .setProgressPercent(40)
                    .setCurrentStep("packing")));
    lead();
    want();

    awaitState(State.STATE_BUILDING);
    assertThat(build().getBuildId()).isEqualTo("b-1");
    await("progress").atMost(Duration.ofSeconds(10)).until(() -> build().getPercent() == 40);
    assertThat(build().getCurrentStep()).isEqualTo("packing");
    upload("suggested-nginx-1", Map.of(), "");

    awaitState(State.STATE_COMPLETED);
    assertThat(build().getAssetId()).isEqualTo("suggested-nginx-1");
    assertThat(requestKeys()).containsExactly(build().getKey() + "/1");
    assertThat(registry.applied().stream().filter(Command::hasAdvanceBuild))
        .as("steps of a leader are good in its own term alone")
        .isNotEmpty()
        .allSatisfy(command -> assertThat(command.getOnlyInTerm()).isEqualTo(TERM));
  }

  @Test
  void builderdIsToldWhatToBuild() {
    lead();
    want();
    await().until(() -> !builderd.asked().isEmpty());

    BuildConfig config = builderd.asked().get(0).config();
    assertThat(config.getSource().getDockerImage().getImageUri()).isEqualTo(IMAGE);
    assertThat(config.getTarget().getMicrovmRootfs().getInitStrategy())
        .isEqualTo(InitStrategy.INIT_STRATEGY_TINI);
    assertThat(config.getStrategy().getDockerExtract().getFlattenFilesystem()).isTrue();
    assertThat(config.getLabelsMap()).isEqualTo(LABELS);
    assertThat(config.getSuggestedAssetId()).isEqualTo("suggested-nginx-1");
    assertThat(config.getBuildName()).isNotEmpty();
  }

  @Test
  void whoDoesNotLeadAsksNobody() {
    want();
    await("a few looks").pollDelay(Duration.ofMillis(150)).until(() -> true);
    assertThat(builderd.asked()).isEmpty();

    lead();
    awaitState(State.STATE_BUILDING);
    coordinator.onLeadershipLost();
    await("the last poll").pollDelay(Duration.ofMillis(100)).until(() -> true);
    int polls = builderd.polls();
    await("a few looks").pollDelay(Duration.ofMillis(150)).until(() -> true);
    assertThat(builderd.polls()).isEqualTo(polls);
  }

  @Test
  void whoFindsAnIntentWaitsForTheResultAndThenAsksAgainWithTheSameKey() {
    begun();
    long before = System.nanoTime();
    lead();

    awaitState(State.STATE_BUILDING);

    assertThat(requestKeys()).containsExactly(build().getKey() + "/1");
    assertThat(Duration.ofNanos(builderd.asked().get(0).nanos() - before))
        .isGreaterThanOrEqualTo(TestBuilds.settings(true).startGrace());
    assertThat(build().getAttempt()).isEqualTo(1);
  }

  @Test
  void whoFindsAnIntentAsksNobodyWhenTheResultComes() {
    begun();
    lead();
    upload("other-id", Map.of("docker_image", IMAGE), "b-9");

    awaitState(State.STATE_COMPLETED);
    await("longer than the grace").pollDelay(Duration.ofMillis(500)).until(() -> true);
    assertThat(builderd.asked()).isEmpty();
  }

  @Test
  void anUnknownOutcomeIsNoReasonForAnotherBuild() {
    builderd.creating(call -> fails(Status.Code.UNKNOWN, Meaning.UNKNOWN));
    lead();
    want();
    await().until(() -> builderd.asked().size() == 2);
    builderd.creating(call -> ScriptedBuilderd.created("b-2"));

    awaitState(State.STATE_BUILDING);
    assertThat(requestKeys()).containsOnly(build().getKey() + "/1");
  }

  @Test
  void aBuilderdThatNeverSaysWhetherItTookTheBuildIsAFailure() {
    builderd.creating(call -> fails(Status.Code.INTERNAL, Meaning.UNKNOWN));
    lead();
    want();

    awaitState(State.STATE_FAILED);
    assertThat(build().getError()).contains("not known").contains("INTERNAL");
    assertThat(requestKeys()).hasSize(4).containsOnly(build().getKey() + "/1");
  }

  @Test
  void aBuildThatWasNotTakenIsTriedAgainLaterAndLater() {
    builderd.creating(call -> fails(Status.Code.UNAVAILABLE, Meaning.NOT_TAKEN));
    lead();
    want();
    for (int retry = 0; retry < 3; retry++) {
      int attempt = retry + 1;
      await().until(() -> build().getAttempt() == attempt && isWanted());
      long pause = build().getNotBeforeMillis() - build().getSinceMillis();
      assertThat(pause).isEqualTo(5_000L << retry);
      registry.pass(Duration.ofMillis(pause));
    }

    awaitState(State.STATE_FAILED);
    assertThat(build().getError()).contains("UNAVAILABLE");
    assertThat(requestKeys()).hasSize(4).doesNotHaveDuplicates();
  }

  private boolean isWanted() {
    return build().getState() == State.STATE_WANTED;
  }

  @Test
  void aRefusalFailsAtOnceAndEachFailureInARowIsKeptTwiceAsLong() {
    builderd.creating(call -> fails(Status.Code.INVALID_ARGUMENT, Meaning.REFUSED));
    lead();
    for (long keepMillis : List.of(30_000L, 60_000L, 120_000L)) {
      want();
      awaitState(State.STATE_FAILED);
      assertThat(build().getNotBeforeMillis() - build().getSinceMillis()).isEqualTo(keepMillis);
      registry.pass(Duration.ofMillis(keepMillis));
    }
    assertThat(requestKeys()).as("each time another request").hasSize(3).doesNotHaveDuplicates();
  }

  @Test
  void aBuildThatIsNotFinishedInTimeFails() {
    builderd.telling(id -> fails(Status.Code.UNAVAILABLE, Meaning.NOT_TAKEN));
    lead();
    want();
    awaitState(State.STATE_BUILDING);
    await().until(() -> builderd.polls() > 0);

    registry.pass(Duration.ofMinutes(30));

    awaitState(State.STATE_FAILED);
    assertThat(build().getError()).contains("not finished in time").contains("UNAVAILABLE");
  }

  @Test
  void whatBuilderdCannotBuildFailsWithItsReason() {
    builderd.telling(
        id -> told(job(id, BuildState.BUILD_STATE_FAILED).setErrorMessage("no\nspace")));
    lead();
    want();

    awaitState(State.STATE_FAILED);
    assertThat(build().getError()).contains("no space");
  }

  @Test
  void aBuildThatBuilderdHasLostIsStartedAgain() {
    builderd.telling(id -> fails(Status.Code.NOT_FOUND, Meaning.REFUSED));
    lead();
    want();
    await().until(this::isRetried);
    assertThat(build().getError()).contains("does not know build b-1");
    builderd.creating(call -> ScriptedBuilderd.created("b-2"));
    builderd.telling(id -> told(job(id, BuildState.BUILD_STATE_BUILDING)));

    registry.pass(Duration.ofSeconds(5));

    await().until(() -> build().getBuildId().equals("b-2"));
    assertThat(requestKeys()).containsExactly(build().getKey() + "/1", build().getKey() + "/2");
  }

  private boolean isRetried() {
    return isWanted() && build().getAttempt() == 1;
  }

  @Test
  void aBuildThatIsCompleteAndHasNoResultFailsAndSaysSo() {
    builderd.telling(id -> told(job(id, BuildState.BUILD_STATE_COMPLETED)));
    lead();
    want();

    awaitState(State.STATE_FAILED);
    assertThat(build().getError()).contains("b-1 is complete").contains("uploaded no asset");
  }

  /** builderd has built faster than its id could be recorded, and labels as it likes. */
  @Test
  void aResultThatNamesOnlyTheBuildIsFoundWhenTheBuildIsComplete() {
    begun();
    upload("odd", Map.of("build_id", "b-1"), "");
    assertThat(build().getState()).isEqualTo(State.STATE_STARTING);
    builderd.telling(id -> told(job(id, BuildState.BUILD_STATE_COMPLETED)));
    lead();

    awaitState(State.STATE_COMPLETED);
    assertThat(build().getAssetId()).isEqualTo("odd");
  }

  @Test
  void whereBuilderdDoesNotUploadTheLeaderRegistersTheArtifact() {
    BuildSettings on = TestBuilds.settings(true);
    coordinator.close();
    coordinator =
        coordinator(
            new BuildSettings(
                true,
                on.endpoint(),
                on.callTimeout(),
                on.timeout(),
                false,
                on.maxRetries(),
                on.retryDelay(),
                on.pollInterval(),
                on.startGrace(),
                on.uploadGrace(),
                on.failureTtl()));
    builderd.telling(
        id ->
            told(
                job(id, BuildState.BUILD_STATE_COMPLETED)
                    .setRootfsPath("builds/b-1.ext4")
                    .setRootfsSizeBytes(5)
                    .setRootfsChecksum("ab")));
    lead();
    want();

    awaitState(State.STATE_COMPLETED);
    Asset wanted = registered.remove();
    assertThat(registered).as("registered once").isEmpty();
    assertThat(wanted.getId()).isEqualTo("suggested-nginx-1");
    assertThat(wanted.getLocation()).isEqualTo("builds/b-1.ext4");
    assertThat(wanted.getSizeBytes()).isEqualTo(5);
    assertThat(wanted.getChecksum()).isEqualTo("ab");
    assertThat(wanted.getSourceImage()).isEqualTo(IMAGE);
    assertThat(wanted.getLabelsMap())
        .containsAllEntriesOf(LABELS)
        .containsEntry("build_id", "b-1")
        .containsEntry("created_by", "builderd");
  }

  @Test
  void builderdHasNoMoreThanSoManyBuildsAtATime() {
    builderd.creating(call -> new CompletableFuture<>());
    lead();
    for (int i = 0; i < BuildCoordinator.MAX_AT_BUILDERD + 5; i++) {
      want("image:" + i);
    }

    await().until(() -> builderd.asked().size() == BuildCoordinator.MAX_AT_BUILDERD);
    await("a few looks").pollDelay(Duration.ofMillis(150)).until(() -> true);
    assertThat(builderd.asked()).hasSize(BuildCoordinator.MAX_AT_BUILDERD);

    Build one =
        registry.query(view -> view.unfinishedBuilds(1000)).stream()
            .filter(build -> build.getState() == State.STATE_STARTING)
            .findFirst()
            .orElseThrow();
    upload(one.getSuggestedAssetId(), Map.of(), "");
    await().until(() -> builderd.asked().size() == BuildCoordinator.MAX_AT_BUILDERD + 1);
  }
}
