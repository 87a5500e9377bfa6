package dev.assetmanagerd.build;

import dev.assetmanagerd.log.v1.AdvanceBuild;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.BuildAdvanced;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Steps of builds as commands, each only good in the term of the leader that makes it. Thread-safe.
 */
final class BuildProposals {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

  private final ReplicatedRegistry registry;
  private final BuildSettings settings;

  BuildProposals(ReplicatedRegistry registry, BuildSettings settings) {
    this.registry = registry;
    this.settings = settings;
  }

  CompletableFuture<BuildAdvanced> starting(Build build, long term) {
    return propose(step(build).setStarting(AdvanceBuild.Starting.getDefaultInstance()), term);
  }

  CompletableFuture<BuildAdvanced> started(Build build, String buildId, long term) {
    return propose(
        step(build).setStarted(AdvanceBuild.Started.newBuilder().setBuildId(buildId)), term);
  }

  CompletableFuture<BuildAdvanced> progress(Build build, int percent, String step, long term) {
    return propose(
        step(build)
            .setProgress(
                AdvanceBuild.Progress.newBuilder().setPercent(percent).setCurrentStep(step)),
        term);
  }

  /**
   * @param retries how many came before this one
   */
  CompletableFuture<BuildAdvanced> retry(Build build, int retries, String why, long term) {
    return propose(
        step(build)
            .setRetry(
                AdvanceBuild.Retry.newBuilder()
                    .setAfterMillis(doubled(settings.retryDelay(), retries).toMillis())
                    .setError(why)),
        term);
  }

  CompletableFuture<BuildAdvanced> complete(Build build, String assetId, long term) {
    return propose(
        step(build).setComplete(AdvanceBuild.Complete.newBuilder().setAssetId(assetId)), term);
  }

  CompletableFuture<BuildAdvanced> fail(Build build, String why, long term) {
    Duration keep = doubled(settings.failureTtl(), build.getFailures());
    return propose(
        step(build)
            .setFail(AdvanceBuild.Fail.newBuilder().setError(why).setKeepMillis(keep.toMillis())),
        term);
  }

  /** Doubled so many times, but no longer than an hour, or than it was to begin with. */
  static Duration doubled(Duration first, int times) {
    Duration pause = first;
    for (int i = 0; i < times && pause.compareTo(LONGEST_PAUSE) < 0 && !pause.isZero(); i++) {
      pause = pause.multipliedBy(2);
    }
    Duration most = first.compareTo(LONGEST_PAUSE) > 0 ? first : LONGEST_PAUSE;
    return pause.compareTo(most) > 0 ? most : pause;
  }

  private static AdvanceBuild.Builder step(Build build) {
    return AdvanceBuild.newBuilder().setKey(build.getKey()).setAttempt(build.getAttempt());
  }

  private CompletableFuture<BuildAdvanced> propose(AdvanceBuild.Builder step, long term) {
    Command command =
        Command.newBuilder()
            .setRequestId(UUID.randomUUID().toString())
            .setOnlyInTerm(term)
            .setAdvanceBuild(step)
            .build();
    Deadline deadline = Deadline.after(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    return registry
        .propose(command, deadline)
        .thenApply(
            committed -> {
              Outcome outcome = committed.outcome();
              if (outcome.hasRejection()) {
                throw new StepRejectedException(outcome.getRejection());
              }
              return outcome.getBuildAdvanced();
            });
  }

  /** The registry did not take a step. */
  static final class StepRejectedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StepRejectedException(Rejection rejection) {
      super(rejection.getRule() + ": " + rejection.getMessage());
    }
  }
}
