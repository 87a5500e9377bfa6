package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.AdvanceBuild.StepCase;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.Build.State;
import dev.assetmanagerd.log.v1.BuildAdvanced;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a build.
 *
 * <pre>
 *            ┌──────────── retry ────────────┐
 *            ▼                               │
 *   WANTED ──starting──▶ STARTING ──started──▶ BUILDING ──complete──▶ COMPLETED
 *                          │ ▲ └─starting┘       │                       ▲
 *                          └─────────────────────┴── an asset comes ─────┘
 *   any of the three ──fail──▶ FAILED
 * </pre>
 *
 * <p>A step names the attempt it belongs to. One that is late or comes twice fits no more, and
 * changes nothing.
 */
final class BuildSteps {
  private static final Set<State> ASKED = EnumSet.of(State.STATE_STARTING, State.STATE_BUILDING);
  private static final Set<State> UNFINISHED =
      EnumSet.of(State.STATE_WANTED, State.STATE_STARTING, State.STATE_BUILDING);

  private final Sql sql;
  private final BuildRows builds;

  BuildSteps(Sql sql) {
    this.sql = sql;
    this.builds = new BuildRows(sql);
  }

  Outcome advance(AdvanceBuild command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    Optional<Build> found = builds.find(command.getKey());
    if (found.isEmpty()) {
      return Outcomes.rejected(
          Rule.RULE_BUILD_NOT_FOUND, "key", "no build has the key \"" + command.getKey() + "\"");
    }
    Build before = found.get();
    if (before.getAttempt() != command.getAttempt() || !fits(before, command, time)) {
      return advanced(before, false);
    }
    if (command.hasComplete()) {
      Outcome missing = Statuses.notAvailable(sql, command.getComplete().getAssetId());
      if (missing != null) {
        return missing;
      }
    }
    Build after = after(before.toBuilder(), command, time);
    builds.update(after);
    return advanced(after, true);
  }

  private static @Nullable Outcome malformed(AdvanceBuild command) {
    return switch (command.getStepCase()) {
      case STARTED ->
          command.getStarted().getBuildId().isEmpty()
              ? Outcomes.invalid("started.build_id", "the build has no id of builderd")
              : null;
      case PROGRESS -> {
        int percent = command.getProgress().getPercent();
        yield percent < 0 || percent > 100
            ? Outcomes.invalid("progress.percent", percent + " is not between 0 and 100")
            : null;
      }
      case RETRY -> notNegative("retry.after_millis", command.getRetry().getAfterMillis());
      case FAIL -> notNegative("fail.keep_millis", command.getFail().getKeepMillis());
      case STEP_NOT_SET -> Outcomes.invalid("step", "the build has no step to make");
      case STARTING, COMPLETE -> null;
    };
  }

  private static @Nullable Outcome notNegative(String field, long millis) {
    return millis < 0 ? Outcomes.invalid(field, millis + " is negative") : null;
  }

  private static boolean fits(Build build, AdvanceBuild command, EntryTime time) {
    State state = build.getState();
    return switch (command.getStepCase()) {
      case STARTING ->
          state == State.STATE_STARTING
              || (state == State.STATE_WANTED && time.clockMillis() >= build.getNotBeforeMillis());
      case STARTED -> state == State.STATE_STARTING;
      case PROGRESS -> state == State.STATE_BUILDING;
      case RETRY, COMPLETE -> ASKED.contains(state);
      case FAIL -> UNFINISHED.contains(state);
      case STEP_NOT_SET -> false;
    };
  }

  private static Build after(Build.Builder build, AdvanceBuild command, EntryTime time) {
    build.setChangedAt(time.wallSeconds());
    if (command.getStepCase() != StepCase.PROGRESS) {
      build.setSinceMillis(time.clockMillis());
    }
    return switch (command.getStepCase()) {
      case STARTING ->
          build
              .setState(State.STATE_STARTING)
              .setAttempt(Math.addExact(build.getAttempt(), 1))
              .clearBuildId()
              .clearPercent()
              .clearCurrentStep()
              .clearNotBeforeMillis()
              .build();
      case STARTED ->
          build
              .setState(State.STATE_BUILDING)
              .setBuildId(command.getStarted().getBuildId())
              .clearError()
              .build();
      case PROGRESS ->
          build
              .setPercent(command.getProgress().getPercent())
              .setCurrentStep(command.getProgress().getCurrentStep())
              .build();
      case RETRY -> retried(build, command.getRetry(), time);
      case COMPLETE -> BuildCommands.completed(build, command.getComplete().getAssetId(), time);
      case FAIL -> failed(build, command.getFail(), time);
      case STEP_NOT_SET -> throw new IllegalStateException("the step was not checked");
    };
  }

  /** Keeps builderd's id: what was given up may still come in, and is known by it. */
  private static Build retried(Build.Builder build, AdvanceBuild.Retry retry, EntryTime time) {
    return build
        .setState(State.STATE_WANTED)
        .setError(retry.getError())
        .setNotBeforeMillis(ClusterTime.after(time.clockMillis(), retry.getAfterMillis()))
        .build();
  }

  private static Build failed(Build.Builder build, AdvanceBuild.Fail fail, EntryTime time) {
    return build
        .setState(State.STATE_FAILED)
        .setError(fail.getError())
        .setFailures(Math.addExact(build.getFailures(), 1))
        .setNotBeforeMillis(ClusterTime.after(time.clockMillis(), fail.getKeepMillis()))
        .build();
  }

  private static Outcome advanced(Build build, boolean advanced) {
    return Outcome.newBuilder()
        .setBuildAdvanced(BuildAdvanced.newBuilder().setBuild(build).setAdvanced(advanced))
        .build();
  }
}
