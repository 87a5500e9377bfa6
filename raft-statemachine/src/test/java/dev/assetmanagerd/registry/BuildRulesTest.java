package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.BlobTestCommands.missing;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.register;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.Build.State;
import dev.assetmanagerd.log.v1.BuildAdvanced;
import dev.assetmanagerd.log.v1.BuildRequested;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.RequestBuild;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Builds, from being wanted to being answered. */
class BuildRulesTest {
  private static final String KEY = "0f".repeat(32);
  private static final String IMAGE = "nginx:1.27";
  private static final long TIMEOUT_MILLIS = 1_800_000;
  private static final long WEEK_MILLIS = 7L * 24 * 3600 * 1000;

  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply();
    registry.advanceClock(1_000);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void aBuildThatNobodyWantedBeforeIsWanted() {
    BuildRequested requested = request();

    assertThat(requested.getCreated()).isTrue();
    assertThat(requested.getAssetId()).isEmpty();
    assertThat(requested.getBuild())
        .isEqualTo(
            Build.newBuilder()
                .setKey(KEY)
                .setImage(IMAGE)
                .putBuildLabels("env", "prod")
                .putSelector("docker_image", IMAGE)
                .putSelector("env", "prod")
                .setSuggestedAssetId("suggested")
                .setState(State.STATE_WANTED)
                .setRequestedAt(registry.wall)
                .setChangedAt(registry.wall)
                .setDeadlineMillis(1_000 + TIMEOUT_MILLIS)
                .setSinceMillis(1_000)
                .build());
    assertThat(build()).isEqualTo(requested.getBuild());
    assertThat(unfinished(9)).containsExactly(build());
    assertThat(deadlines()).isTrue();
  }

  @Test
  void allWhoMissTheSameAssetAtTheSameTimeShareOneBuild() {
    Command[] requests =
        IntStream.range(0, 50).mapToObj(i -> want("suggested-" + i)).toArray(Command[]::new);

    List<BuildRequested> answers =
        registry.apply(requests).stream().map(outcome -> outcome.getBuildRequested()).toList();

    assertThat(answers.get(0).getCreated()).isTrue();
    assertThat(answers.subList(1, 50))
        .allSatisfy(answer -> assertThat(answer.getCreated()).isFalse());
    assertThat(answers)
        .allSatisfy(
            answer -> assertThat(answer.getBuild().getSuggestedAssetId()).isEqualTo("suggested-0"));
    starting(0);
    assertThat(request().getBuild().getState()).isEqualTo(State.STATE_STARTING);
    started(1);
    assertThat(request().getBuild()).isEqualTo(build());
    assertThat(build().getAttempt()).isEqualTo(1);
  }

  @Test
  void anAssetThatTheQueryFindsNowIsTheAnswerAndNothingIsBuilt() {
    registry.apply(register(result("there")));

    assertThat(request()).isEqualTo(BuildRequested.newBuilder().setAssetId("there").build());

    assertThat(builds(null)).isEmpty();
    assertThat(deadlines()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("notFound")
  void anAssetThatTheQueryDoesNotFindDoesNotAnswer(String why, List<Command> commands) {
    registry.apply(commands.toArray(Command[]::new));

    assertThat(request().getCreated()).as(why).isTrue();
  }

  static Stream<Arguments> notFound() {
    Asset result = result("there");
    return Stream.of(
        Arguments.of(
            "another value", List.of(register(result.toBuilder().putLabels("env", "x").build()))),
        Arguments.of(
            "a label less", List.of(register(result.toBuilder().removeLabels("env").build()))),
        Arguments.of(
            "another type",
            List.of(register(result.toBuilder().setType(AssetType.ASSET_TYPE_KERNEL).build()))),
        Arguments.of("being deleted", List.of(register(result), mark("there"))),
        Arguments.of("without its blob", List.of(register(result), missing("there"))));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void aMalformedRequestIsRejectedByTheNameOfTheField(
      String field, UnaryOperator<RequestBuild.Builder> change) {
    Command command =
        Command.newBuilder().setRequestBuild(change.apply(wanted("suggested"))).build();

    assertThat(registry.rejection(command).getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(registry.rejection(command).getField()).isEqualTo(field);
    assertThat(builds(null)).isEmpty();
  }

  static Stream<Arguments> malformed() {
    Map<String, String> many = new TreeMap<>();
    IntStream.range(0, 65).forEach(i -> many.put("k" + i, ""));
    return Stream.of(
        malformed("key", wanted -> wanted.setKey("nginx")),
        malformed("image", wanted -> wanted.setImage("")),
        malformed("suggested_asset_id", wanted -> wanted.setSuggestedAssetId("")),
        malformed("type", wanted -> wanted.setType(AssetType.ASSET_TYPE_KERNEL)),
        malformed("selector", wanted -> wanted.removeSelector("docker_image")),
        malformed("selector", wanted -> wanted.setImage("other")),
        malformed("selector", wanted -> wanted.putAllSelector(many)),
        malformed("timeout_millis", wanted -> wanted.setTimeoutMillis(0)));
  }

  private static Arguments malformed(String field, UnaryOperator<RequestBuild.Builder> change) {
    return Arguments.of(field, change);
  }

  @Test
  void aBuildGoesItsWayStepByStep() {
    request();
    registry.wall += 5;
    registry.advanceClock(10);

    Build starting = starting(0).getBuild();
    assertThat(starting.getState()).isEqualTo(State.STATE_STARTING);
    assertThat(starting.getAttempt()).isEqualTo(1);
    assertThat(starting.getSinceMillis()).isEqualTo(1_010);
    assertThat(starting.getChangedAt()).isEqualTo(registry.wall);
    registry.advanceClock(10);
    assertThat(started(1).getBuild().getBuildId()).isEqualTo("build-1");
    registry.advanceClock(10);
    Build progress = step(1, step -> step.getProgressBuilder().setPercent(40).setCurrentStep("x"));
    assertThat(progress.getPercent()).isEqualTo(40);
    assertThat(progress.getCurrentStep()).isEqualTo("x");
    assertThat(progress.getSinceMillis()).as("of the state").isEqualTo(1_020);
    registry.apply(register(asset("made")));
    Build completed = step(1, step -> step.getCompleteBuilder().setAssetId("made"));

    assertThat(completed.getState()).isEqualTo(State.STATE_COMPLETED);
    assertThat(completed.getAssetId()).isEqualTo("made");
    assertThat(build()).isEqualTo(completed);
    assertThat(deadlines()).isFalse();
    assertThat(unfinished(9)).isEmpty();
    assertThat(builds(null)).containsExactly(completed);
    assertThat(builds(KEY)).isEmpty();
  }

  @Test
  void aRetryIsNotStartedBeforeItsTime() {
    request();
    starting(0);
    started(1);
    Build retry =
        step(1, step -> step.getRetryBuilder().setAfterMillis(500).setError("builderd is away"));
    assertThat(retry.getState()).isEqualTo(State.STATE_WANTED);
    assertThat(retry.getError()).isEqualTo("builderd is away");
    assertThat(retry.getNotBeforeMillis()).isEqualTo(1_500);
    assertThat(retry.getFailures()).isZero();
    registry.advanceClock(499);
    assertThat(starting(1).getAdvanced()).isFalse();

    registry.advanceClock(1);

    assertThat(starting(1).getBuild().getAttempt()).isEqualTo(2);
    assertThat(build().getBuildId()).as("of the attempt before").isEmpty();
  }

  @Test
  void aFailureIsTheAnswerForItsTimeAndThenTheBuildIsWantedAnew() {
    request();
    starting(0);
    fail(1, 30_000);
    assertThat(build().getFailures()).isEqualTo(1);
    assertThat(deadlines()).as("the clock has to move for it to end").isTrue();
    registry.advanceClock(29_999);

    BuildRequested answered = request();
    assertThat(answered.getCreated()).isFalse();
    assertThat(answered.getBuild().getState()).isEqualTo(State.STATE_FAILED);
    assertThat(answered.getBuild().getError()).isEqualTo("no space left");
    registry.advanceClock(1);
    assertThat(deadlines()).isFalse();

    BuildRequested again = registry.one(want("another")).getBuildRequested();
    assertThat(again.getCreated()).isTrue();
    assertThat(again.getBuild().getState()).isEqualTo(State.STATE_WANTED);
    assertThat(again.getBuild().getError()).isEmpty();
    assertThat(again.getBuild().getSuggestedAssetId()).isEqualTo("another");
    assertThat(again.getBuild().getAttempt()).as("builderd knows the first").isEqualTo(1);
    assertThat(again.getBuild().getFailures()).isEqualTo(1);
    assertThat(again.getBuild().getDeadlineMillis()).isEqualTo(31_000 + TIMEOUT_MILLIS);
    assertThat(starting(1).getBuild().getAttempt()).isEqualTo(2);
    fail(2, 60_000);
    assertThat(build().getFailures()).isEqualTo(2);
  }

  @Test
  void aSuccessEndsTheRowOfFailures() {
    request();
    fail(0, 0);
    request();
    starting(0);

    registry.apply(register(result("made")));

    assertThat(build().getState()).isEqualTo(State.STATE_COMPLETED);
    assertThat(build().getFailures()).isZero();
  }

  @Test
  void whileAnAssetIsThereAFailureIsNotTheAnswer() {
    request();
    fail(0, 30_000);
    registry.apply(register(result("late")));

    assertThat(request().getAssetId()).isEqualTo("late");
  }

  @Test
  void aResultThatIsGoneIsBuiltAgain() {
    request();
    registry.apply(register(result("made")));
    assertThat(build().getState()).isEqualTo(State.STATE_COMPLETED);
    assertThat(request().getAssetId()).isEqualTo("made");
    registry.apply(mark("made"), purge("made"));

    BuildRequested again = request();

    assertThat(again.getCreated()).isTrue();
    assertThat(again.getBuild().getAssetId()).isEmpty();
  }

  @Test
  void aResultThatTheQueryDoesNotFindIsNotBuiltOverAndOver() {
    request();
    registry.apply(register(asset("suggested")));
    assertThat(build().getState()).isEqualTo(State.STATE_COMPLETED);

    BuildRequested again = request();

    assertThat(again.getCreated()).isFalse();
    assertThat(again.getBuild().getAssetId()).isEqualTo("suggested");
  }

  @ParameterizedTest
  @MethodSource("results")
  void anAssetThatIsTheResultCompletesTheBuildAsItIsRegistered(String why, Asset result) {
    request();
    starting(0);
    started(1);

    registry.apply(register(result));

    assertThat(build().getState()).as(why).isEqualTo(State.STATE_COMPLETED);
    assertThat(build().getAssetId()).isEqualTo(result.getId());
  }

  static Stream<Arguments> results() {
    return Stream.of(
        Arguments.of("it has the suggested id", asset("suggested")),
        Arguments.of("it names the build", asset("x").toBuilder().setBuildId("build-1").build()),
        Arguments.of(
            "it names the build in a label",
            asset("x").toBuilder().putLabels("build_id", "build-1").build()),
        Arguments.of(
            "it is what is looked for",
            result("x").toBuilder().putLabels("more", "labels").build()));
  }

  @ParameterizedTest
  @MethodSource("others")
  void anyOtherAssetDoesNotCompleteTheBuild(String why, Asset other) {
    request();
    starting(0);
    started(1);
    Build before = build();

    registry.apply(register(other));

    assertThat(build()).as(why).isEqualTo(before);
  }

  static Stream<Arguments> others() {
    Asset result = result("x");
    return Stream.of(
        Arguments.of("nothing fits", asset("x").toBuilder().clearBuildId().build()),
        Arguments.of("another build", asset("x").toBuilder().setBuildId("build-2").build()),
        Arguments.of("another label", result.toBuilder().putLabels("env", "test").build()),
        Arguments.of("a label less", result.toBuilder().removeLabels("env").build()),
        Arguments.of("another image", result.toBuilder().putLabels("docker_image", "y").build()),
        Arguments.of(
            "another type", result.toBuilder().setType(AssetType.ASSET_TYPE_KERNEL).build()));
  }

  @Test
  void aBuildThatBuilderdHasNotNamedYetIsNotTakenForOneWithoutAName() {
    request();

    registry.apply(register(asset("x").toBuilder().clearBuildId().build()));

    assertThat(build().getState()).isEqualTo(State.STATE_WANTED);
  }

  @Test
  void oneAssetMayAnswerSeveralBuilds() {
    String other = "1e".repeat(32);
    request();
    registry.one(
        Command.newBuilder()
            .setRequestBuild(wanted("y").setKey(other).clearBuildLabels().removeSelector("env"))
            .build());

    registry.apply(register(result("x")));

    assertThat(unfinished(9)).isEmpty();
    assertThat(builds(null)).extracting(Build::getAssetId).containsExactly("x", "x");
  }

  @Test
  void registeringAnAssetAgainCompletesTheBuildThatWaitsForIt() {
    registry.apply(register(asset("suggested")));
    request();
    starting(0);

    registry.apply(register(asset("suggested")));

    assertThat(build().getState()).isEqualTo(State.STATE_COMPLETED);
  }

  @Test
  void anAssetOfABuildThatWasGivenUpForNowCompletesItAllTheSame() {
    request();
    starting(0);
    started(1);
    step(1, step -> step.getRetryBuilder().setAfterMillis(500));

    registry.apply(register(asset("x").toBuilder().setBuildId("build-1").build()));

    assertThat(build().getState()).isEqualTo(State.STATE_COMPLETED);
    assertThat(build().getError()).isEmpty();
    assertThat(starting(1).getAdvanced()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(
      value = AdvanceBuild.StepCase.class,
      names = "STEP_NOT_SET",
      mode = EnumSource.Mode.EXCLUDE)
  void aStepOfAnotherAttemptChangesNothing(AdvanceBuild.StepCase kind) {
    registry.apply(register(asset("made")));
    request();
    starting(0);
    starting(1);
    started(2);
    String before = registry.hash();

    for (int attempt : new int[] {0, 1, 3}) {
      BuildAdvanced answer =
          registry.one(advance(attempt, step -> withStep(step, kind))).getBuildAdvanced();
      assertThat(answer.getAdvanced()).as("attempt %d", attempt).isFalse();
      assertThat(answer.getBuild()).isEqualTo(build());
    }
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void onlyStepsThatFitTheStateChangeAnything() {
    registry.apply(register(asset("made")));
    Map<State, List<AdvanceBuild.StepCase>> fitting =
        Map.of(
            State.STATE_WANTED,
            List.of(AdvanceBuild.StepCase.STARTING, AdvanceBuild.StepCase.FAIL),
            State.STATE_STARTING,
            List.of(
                AdvanceBuild.StepCase.STARTING,
                AdvanceBuild.StepCase.STARTED,
                AdvanceBuild.StepCase.RETRY,
                AdvanceBuild.StepCase.COMPLETE,
                AdvanceBuild.StepCase.FAIL),
            State.STATE_BUILDING,
            List.of(
                AdvanceBuild.StepCase.PROGRESS,
                AdvanceBuild.StepCase.RETRY,
                AdvanceBuild.StepCase.COMPLETE,
                AdvanceBuild.StepCase.FAIL),
            State.STATE_COMPLETED,
            List.of(),
            State.STATE_FAILED,
            List.of());
    int key = 0;
    for (Map.Entry<State, List<AdvanceBuild.StepCase>> entry : fitting.entrySet()) {
      for (AdvanceBuild.StepCase kind : AdvanceBuild.StepCase.values()) {
        if (kind != AdvanceBuild.StepCase.STEP_NOT_SET) {
          String own = "%064x".formatted(++key);
          Build before = inState(own, entry.getKey());
          Command step =
              Command.newBuilder()
                  .setAdvanceBuild(
                      withStep(
                          AdvanceBuild.newBuilder().setKey(own).setAttempt(before.getAttempt()),
                          kind))
                  .build();

          BuildAdvanced answer = registry.one(step).getBuildAdvanced();

          assertThat(answer.getAdvanced())
              .as("%s in %s", kind, entry.getKey())
              .isEqualTo(entry.getValue().contains(kind));
          assertThat(answer.getBuild().equals(before)).isEqualTo(!answer.getAdvanced());
        }
      }
    }
  }

  @Test
  void aBuildIsNotCompletedWithAnAssetThatIsNotThere() {
    request();
    starting(0);
    registry.apply(register(asset("going")), mark("going"));
    Build before = build();

    assertThat(
            registry.rejection(advance(1, s -> s.getCompleteBuilder().setAssetId("x"))).getRule())
        .isEqualTo(Rule.RULE_ASSET_NOT_FOUND);
    assertThat(
            registry
                .rejection(advance(1, s -> s.getCompleteBuilder().setAssetId("going")))
                .getRule())
        .isEqualTo(Rule.RULE_ASSET_NOT_AVAILABLE);

    assertThat(build()).isEqualTo(before);
  }

  @Test
  void malformedStepsAndUnknownBuildsAreRejected() {
    assertThat(registry.rejection(advance(0, AdvanceBuild.Builder::getStartingBuilder)).getRule())
        .isEqualTo(Rule.RULE_BUILD_NOT_FOUND);
    request();
    starting(0);
    started(1);
    String before = registry.hash();

    assertThat(field(step -> {})).isEqualTo("step");
    assertThat(field(step -> step.getStartedBuilder().setBuildId("")))
        .isEqualTo("started.build_id");
    assertThat(field(step -> step.getProgressBuilder().setPercent(101)))
        .isEqualTo("progress.percent");
    assertThat(field(step -> step.getProgressBuilder().setPercent(-1)))
        .isEqualTo("progress.percent");
    assertThat(field(step -> step.getRetryBuilder().setAfterMillis(-1)))
        .isEqualTo("retry.after_millis");
    assertThat(field(step -> step.getFailBuilder().setKeepMillis(-1)))
        .isEqualTo("fail.keep_millis");
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void aCoordinatorOfATermThatIsOverMakesNoStep() {
    request();
    Command step = advance(0, AdvanceBuild.Builder::getStartingBuilder);

    assertThat(registry.rejection(BlobTestCommands.inTerm(7, step)).getRule())
        .isEqualTo(Rule.RULE_TERM_ENDED);

    assertThat(build().getState()).isEqualTo(State.STATE_WANTED);
    assertThat(registry.one(BlobTestCommands.inTerm(1, step)).getBuildAdvanced().getAdvanced())
        .isTrue();
  }

  @Test
  void buildsThatEndedAWeekAgoAreForgotten() {
    for (int i = 1; i <= 6; i++) {
      inState("%064x".formatted(i), i % 2 == 0 ? State.STATE_FAILED : State.STATE_WANTED);
    }
    registry.advanceClock(WEEK_MILLIS - 1);
    request();
    assertThat(builds(null)).hasSize(7);
    registry.advanceClock(1);

    inState("%064x".formatted(7), State.STATE_WANTED);
    inState("%064x".formatted(8), State.STATE_WANTED);

    assertThat(builds(null))
        .as("two failed ones were forgotten with each, the others never end")
        .hasSize(6)
        .allSatisfy(build -> assertThat(build.getState()).isEqualTo(State.STATE_WANTED));
  }

  @Test
  void unfinishedBuildsAreListedLongestInTheirStateFirst() {
    for (int i = 3; i >= 1; i--) {
      inState("%064x".formatted(i), State.STATE_WANTED);
      registry.advanceClock(1);
    }

    assertThat(unfinished(2))
        .extracting(Build::getKey)
        .containsExactly("%064x".formatted(3), "%064x".formatted(2));
  }

  @Test
  void everyColumnOfBlobsAndBuildsCountsInTheHash() {
    request();
    registry.apply(BlobTestCommands.reserve("r"), BlobTestCommands.condemn("x", "y"));
    registry.apply(BlobTestCommands.forget("y"));
    try (Sql sql = Sql.open(registry.file, false)) {
      sql.execute("PRAGMA ignore_check_constraints = ON");
      String before = StateHash.of(sql);
      for (String table :
          List.of("blob_reservations", "blob_tombstones", "builds", "build_labels")) {
        List<String> columns =
            sql.list("SELECT name FROM pragma_table_info(?)", row -> row.text(1), table);
        assertThat(columns).as(table).hasSizeGreaterThan(3);
        for (String column : columns) {
          sql.execute("BEGIN");
          sql.execute(
              "UPDATE %1$s SET %2$s = iif(typeof(%2$s) = 'text', %2$s || 'x', %2$s + 2)"
                  .formatted(table, column));
          assertThat(StateHash.of(sql)).as("%s.%s", table, column).isNotEqualTo(before);
          sql.rollback();
        }
      }
      assertThat(StateHash.of(sql)).isEqualTo(before);
    }
  }

  private static RequestBuild.Builder wanted(String suggestedId) {
    return RequestBuild.newBuilder()
        .setKey(KEY)
        .setImage(IMAGE)
        .putBuildLabels("env", "prod")
        .putSelector("docker_image", IMAGE)
        .putSelector("env", "prod")
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setSuggestedAssetId(suggestedId)
        .setTimeoutMillis(TIMEOUT_MILLIS);
  }

  private static Command want(String suggestedId) {
    return Command.newBuilder().setRequestBuild(wanted(suggestedId)).build();
  }

  /** What the query of {@link #wanted} finds. */
  private static Asset result(String id) {
    return asset(id).toBuilder()
        .setLocation("result of " + id)
        .clearBuildId()
        .putLabels("docker_image", IMAGE)
        .putLabels("env", "prod")
        .build();
  }

  private static AdvanceBuild.Builder withStep(
      AdvanceBuild.Builder step, AdvanceBuild.StepCase kind) {
    switch (kind) {
      case STARTING -> step.setStarting(AdvanceBuild.Starting.getDefaultInstance());
      case STARTED -> step.getStartedBuilder().setBuildId("another");
      case PROGRESS -> step.getProgressBuilder().setPercent(99);
      case RETRY -> step.getRetryBuilder().setAfterMillis(7);
      case COMPLETE -> step.getCompleteBuilder().setAssetId("made");
      case FAIL -> step.getFailBuilder().setError("e").setKeepMillis(9);
      case STEP_NOT_SET -> {}
    }
    return step;
  }

  /** A build of its own image, brought to a state. */
  @CanIgnoreReturnValue
  private Build inState(String key, State state) {
    registry.one(
        Command.newBuilder()
            .setRequestBuild(
                wanted("s" + key).setKey(key).setImage(key).putSelector("docker_image", key))
            .build());
    List<AdvanceBuild.StepCase> way =
        switch (state) {
          case STATE_STARTING -> List.of(AdvanceBuild.StepCase.STARTING);
          case STATE_BUILDING ->
              List.of(AdvanceBuild.StepCase.STARTING, AdvanceBuild.StepCase.STARTED);
          case STATE_COMPLETED ->
              List.of(AdvanceBuild.StepCase.STARTING, AdvanceBuild.StepCase.COMPLETE);
          case STATE_FAILED -> List.of(AdvanceBuild.StepCase.FAIL);
          default -> List.of();
        };
    int attempt = 0;
    for (AdvanceBuild.StepCase kind : way) {
      BuildAdvanced advanced =
          registry
              .one(
                  Command.newBuilder()
                      .setAdvanceBuild(
                          withStep(AdvanceBuild.newBuilder().setKey(key).setAttempt(attempt), kind))
                      .build())
              .getBuildAdvanced();
      attempt = advanced.getBuild().getAttempt();
    }
    Build build = registry.database.read(view -> view.build(key)).orElseThrow();
    assertThat(build.getState()).isEqualTo(state);
    return build;
  }

  private static Command advance(int attempt, Consumer<AdvanceBuild.Builder> step) {
    AdvanceBuild.Builder advance = AdvanceBuild.newBuilder().setKey(KEY).setAttempt(attempt);
    step.accept(advance);
    return Command.newBuilder().setAdvanceBuild(advance).build();
  }

  @CanIgnoreReturnValue
  private Build step(int attempt, Consumer<AdvanceBuild.Builder> step) {
    BuildAdvanced advanced = registry.one(advance(attempt, step)).getBuildAdvanced();
    assertThat(advanced.getAdvanced()).isTrue();
    return advanced.getBuild();
  }

  private String field(Consumer<AdvanceBuild.Builder> step) {
    return registry.rejection(advance(1, step)).getField();
  }

  @CanIgnoreReturnValue
  private BuildRequested request() {
    return registry.one(want("suggested")).getBuildRequested();
  }

  @CanIgnoreReturnValue
  private BuildAdvanced starting(int attempt) {
    return registry
        .one(advance(attempt, AdvanceBuild.Builder::getStartingBuilder))
        .getBuildAdvanced();
  }

  @CanIgnoreReturnValue
  private BuildAdvanced started(int attempt) {
    return registry
        .one(advance(attempt, step -> step.getStartedBuilder().setBuildId("build-" + attempt)))
        .getBuildAdvanced();
  }

  private void fail(int attempt, long keepMillis) {
    step(
        attempt, step -> step.getFailBuilder().setError("no space left").setKeepMillis(keepMillis));
  }

  private Build build() {
    return registry.database.read(view -> view.build(KEY)).orElseThrow();
  }

  private List<Build> unfinished(int limit) {
    return registry.database.read(view -> view.unfinishedBuilds(limit));
  }

  private List<Build> builds(@Nullable String afterKey) {
    return registry.database.read(view -> view.builds(afterKey, 99));
  }

  private boolean deadlines() {
    return registry.database.read(RegistryView::hasDeadlines);
  }
}
