package dev.assetmanagerd.build;

import dev.assetmanagerd.build.BuilderdException.Meaning;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.BuildAdvanced;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import io.grpc.Status;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done next for one build, as its row says. Belongs to the coordinator's thread.
 *
 * <p>The order is what makes it safe to die anywhere: the intent to ask builderd is recorded before
 * builderd is asked. Who finds the intent and does not know what came of it waits for the result
 * for a while, and then asks again with the same key; a builderd that honours the key starts no
 * second build.
 */
final class BuildDriver {
  private static final Logger log = LoggerFactory.getLogger(BuildDriver.class);
  private static final Duration LONGEST_POLL_PAUSE = Duration.ofSeconds(30);
  private static final Duration PROGRESS_PAUSE = Duration.ofSeconds(2);

  /** Before a step that could not be recorded is proposed again. */
  private static final Duration FAIL_PAUSE = Duration.ofSeconds(1);

  private static final int NOTICEABLE_PERCENT = 5;
  private static final int NOT_FOUND_TIMES = 2;

  private final BuildSettings settings;
  private final Builderd builderd;
  private final BuildProposals proposals;
  private final BuildResults results;
  private final BuildThread thread;
  private final FailPoints failPoints;
  private final LongSupplier nanoTime;

  BuildDriver(
      BuildSettings settings,
      Builderd builderd,
      BuildProposals proposals,
      BuildResults results,
      BuildThread thread,
      FailPoints failPoints,
      LongSupplier nanoTime) {
    this.settings = settings;
    this.builderd = builderd;
    this.proposals = proposals;
    this.results = results;
    this.thread = thread;
    this.failPoints = failPoints;
    this.nanoTime = nanoTime;
  }

  /**
   * Takes the next step, where one is due. Returns at once; the step may go on.
   *
   * @param clusterMillis cluster clock
   */
  void drive(Build build, Work work, long clusterMillis) {
    if (work.entered(build)) {
      enter(build, work);
    }
    Long failingSince = work.failingSinceNanos;
    if (failingSince != null && nanoTime.getAsLong() - failingSince < FAIL_PAUSE.toNanos()) {
      return;
    }
    if (!settings.enabled()) {
      fail(build, work, "automatic builds are switched off on the leader (BUILDERD_ENABLED)");
    } else if (clusterMillis >= build.getDeadlineMillis()) {
      fail(build, work, "not finished in time" + because(work, build));
    } else if (nanoTime.getAsLong() - work.pausedUntilNanos < 0) {
      return;
    } else {
      switch (build.getState()) {
        case STATE_WANTED -> begin(build, work, clusterMillis);
        case STATE_STARTING -> ask(build, work);
        case STATE_BUILDING -> poll(build, work);
        default -> log.warn("build {} has no step in state {}", build.getKey(), build.getState());
      }
    }
  }

  private void enter(Build build, Work work) {
    work.pollFailures = 0;
    work.notFound = 0;
    work.doneSinceNanos = null;
    switch (build.getState()) {
      case STATE_STARTING -> {
        work.unanswered = 0;
        work.answeredBuildId = null;
        boolean certainlyNotAsked = work.begunAttempt == build.getAttempt();
        // Whoever began it may have asked: give the result time to come in.
        pause(work, certainlyNotAsked ? Duration.ZERO : settings.startGrace());
      }
      case STATE_BUILDING -> pause(work, settings.pollInterval());
      default -> pause(work, Duration.ZERO);
    }
  }

  private void begin(Build build, Work work, long clusterMillis) {
    if (clusterMillis < build.getNotBeforeMillis()) {
      return;
    }
    work.begunAttempt = build.getAttempt() + 1;
    thread.then(
        work,
        proposals.starting(build, work.term),
        advanced -> {
          if (advanced.getAdvanced()) {
            failPoints.hit(FailPoint.BUILD_AFTER_STARTING);
            work.entered(advanced.getBuild());
            enter(advanced.getBuild(), work);
            ask(advanced.getBuild(), work);
          }
        });
  }

  private void ask(Build build, Work work) {
    String answered = work.answeredBuildId;
    if (answered != null) {
      started(build, work, answered);
      return;
    }
    if (work.unanswered > settings.maxRetries()) {
      fail(build, work, "it is not known whether builderd took the build" + because(work, build));
      return;
    }
    work.begunAttempt = -1;
    work.unanswered++;
    pause(work, settings.startGrace());
    log.info(
        "asking builderd for {} (build {}, attempt {})",
        build.getImage(),
        build.getKey(),
        build.getAttempt());
    thread.then(
        work,
        builderd.create(BuildConfigs.of(build), BuildConfigs.requestKey(build)),
        created -> {
          failPoints.hit(FailPoint.BUILD_AFTER_CREATE);
          work.answeredBuildId = created.getBuildId();
          started(build, work, created.getBuildId());
        },
        failure -> notCreated(build, work, BuilderdErrors.withoutAnswer(failure)));
  }

  private void started(Build build, Work work, String buildId) {
    pause(work, FAIL_PAUSE);
    thread.then(
        work,
        proposals.started(build, buildId, work.term),
        advanced -> failPoints.hit(FailPoint.BUILD_AFTER_STARTED));
  }

  private void notCreated(Build build, Work work, BuilderdException failure) {
    String why = String.valueOf(failure.getMessage());
    work.lastProblem = why;
    log.warn("builderd was asked for {}: {} ({})", build.getImage(), why, failure.meaning());
    if (failure.meaning() == Meaning.NOT_TAKEN) {
      retry(build, work, why);
    } else if (failure.meaning() == Meaning.REFUSED) {
      fail(build, work, why);
    }
    // Otherwise builderd may be at it: the result, or the next question, comes after the pause.
  }

  private void poll(Build build, Work work) {
    pause(work, settings.pollInterval());
    thread.then(
        work,
        builderd.get(build.getBuildId()),
        job -> {
          work.pollFailures = 0;
          work.notFound = 0;
          told(build, work, job);
        },
        failure -> notTold(build, work, BuilderdErrors.withoutAnswer(failure)));
  }

  private void told(Build build, Work work, BuildJob job) {
    switch (job.getState()) {
      case BUILD_STATE_COMPLETED -> done(build, work, job);
      case BUILD_STATE_FAILED -> {
        String why = BuilderdErrors.clean(job.getErrorMessage());
        fail(build, work, "builderd failed to build it" + (why.isEmpty() ? "" : ": " + why));
      }
      case BUILD_STATE_CANCELLED -> fail(build, work, "the build was cancelled at builderd");
      default -> progress(build, work, job);
    }
  }

  private void done(Build build, Work work, BuildJob job) {
    Long since = work.doneSinceNanos;
    if (since == null) {
      since = nanoTime.getAsLong();
      work.doneSinceNanos = since;
      failPoints.hit(FailPoint.BUILD_BEFORE_COMPLETE);
    }
    boolean late = nanoTime.getAsLong() - since > settings.uploadGrace().toNanos();
    thread.then(
        work,
        results.find(build, job, work.term),
        asset -> {
          if (asset.isPresent()) {
            thread.then(
                work, proposals.complete(build, asset.get(), work.term), advanced -> noted(build));
          } else if (late) {
            fail(
                build,
                work,
                "builderd says that build %s is complete, but uploaded no asset within %d s"
                    .formatted(build.getBuildId(), settings.uploadGrace().toSeconds()));
          }
        },
        failure -> {
          work.lastProblem = BuilderdErrors.clean(BuildResults.cause(failure).getMessage());
          log.warn("the result of build {}: {}", build.getBuildId(), work.lastProblem);
          if (BuildResults.isFinal(failure) || late) {
            fail(build, work, "its result cannot be registered: " + work.lastProblem);
          }
        });
  }

  private static void noted(Build build) {
    log.info("build {} of {} is complete", build.getBuildId(), build.getImage());
  }

  private void progress(Build build, Work work, BuildJob job) {
    int percent = Math.max(0, Math.min(100, job.getProgressPercent()));
    String step = BuilderdErrors.clean(job.getCurrentStep());
    boolean noticeable =
        Math.abs(percent - build.getPercent()) >= NOTICEABLE_PERCENT
            || !step.equals(build.getCurrentStep());
    if (noticeable && nanoTime.getAsLong() - work.progressNanos >= PROGRESS_PAUSE.toNanos()) {
      work.progressNanos = nanoTime.getAsLong();
      thread.then(work, proposals.progress(build, percent, step, work.term), advanced -> {});
    }
  }

  private void notTold(Build build, Work work, BuilderdException failure) {
    String why = String.valueOf(failure.getMessage());
    work.lastProblem = why;
    if (failure.code() == Status.Code.NOT_FOUND) {
      work.notFound++;
      // Once may be a builderd that drops a build as soon as it has uploaded its result.
      if (work.notFound >= NOT_FOUND_TIMES) {
        retry(build, work, "builderd does not know build " + build.getBuildId() + " any more");
      }
      return;
    }
    if (work.pollFailures == 0) {
      log.warn("builderd was asked how far build {} is: {}", build.getBuildId(), why);
    }
    work.pollFailures++;
    Duration pause = BuildProposals.doubled(settings.pollInterval(), work.pollFailures);
    pause(work, pause.compareTo(LONGEST_POLL_PAUSE) > 0 ? LONGEST_POLL_PAUSE : pause);
  }

  private void retry(Build build, Work work, String why) {
    if (work.retries >= settings.maxRetries()) {
      fail(build, work, why);
      return;
    }
    int before = work.retries++;
    thread.then(work, proposals.retry(build, before, why, work.term), advanced -> {});
  }

  private void fail(Build build, Work work, String why) {
    log.warn("the build of {} ({}) failed: {}", build.getImage(), build.getKey(), why);
    work.failingSinceNanos = nanoTime.getAsLong();
    thread.then(
        work,
        proposals.fail(build, BuilderdErrors.clean(why), work.term),
        (BuildAdvanced advanced) -> {});
  }

  private static String because(Work work, Build build) {
    String problem = work.lastProblem.isEmpty() ? build.getError() : work.lastProblem;
    return problem.isEmpty() ? "" : "; last: " + problem;
  }

  private void pause(Work work, Duration duration) {
    work.pausedUntilNanos = nanoTime.getAsLong() + duration.toNanos();
  }
}
