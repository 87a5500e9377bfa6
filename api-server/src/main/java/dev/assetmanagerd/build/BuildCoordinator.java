package dev.assetmanagerd.build;

import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the builds carried out that the registry wants. Only the leader does; the rows are the list
 * of what is to be done, and a new leader goes on from them.
 *
 * <p>One thread looks at all unfinished builds a few times a second and takes the next step of
 * each; it waits for nothing. At most {@link #MAX_AT_BUILDERD} builds are with builderd at a time,
 * the others wait their turn.
 */
final class BuildCoordinator implements LeadershipListener, AutoCloseable {
  static final int MAX_AT_BUILDERD = 64;

  private static final Logger log = LoggerFactory.getLogger(BuildCoordinator.class);
  private static final long NOT_LEADING = -1;

  private record Look(long clusterMillis, List<Build> unfinished) {}

  private final ReplicatedRegistry registry;
  private final FailPoints failPoints;
  private final BuildDriver driver;
  private final ScheduledExecutorService thread;
  private final ScheduledFuture<?> timer;
  private final LongSupplier nanoTime;
  private final AtomicLong leadingTerm = new AtomicLong(NOT_LEADING);

  /** By key. The thread's own. */
  private final Map<String, Work> works = new HashMap<>();

  /**
   * @param results finds and registers what was built
   * @param thread one thread, for this alone
   * @param lookInterval pause between two looks at the builds
   * @param nanoTime monotonic
   */
  BuildCoordinator(
      BuildSettings settings,
      ReplicatedRegistry registry,
      Builderd builderd,
      BuildResults results,
      FailPoints failPoints,
      ScheduledExecutorService thread,
      Duration lookInterval,
      LongSupplier nanoTime) {
    this.registry = registry;
    this.failPoints = failPoints;
    this.thread = thread;
    this.nanoTime = nanoTime;
    this.driver =
        new BuildDriver(
            settings,
            builderd,
            new BuildProposals(registry, settings),
            results,
            new BuildThread(thread, term -> leadingTerm.get() == term),
            failPoints,
            nanoTime);
    this.timer =
        thread.scheduleWithFixedDelay(
            this::look, lookInterval.toNanos(), lookInterval.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void onLeaderReady(long term) {
    leadingTerm.set(term);
    try {
      thread.execute(this::look);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping", e);
    }
  }

  @Override
  public void onLeadershipLost() {
    leadingTerm.set(NOT_LEADING);
  }

  @Override
  public void close() {
    leadingTerm.set(NOT_LEADING);
    timer.cancel(false);
  }

  private void look() {
    try {
      look(leadingTerm.get());
    } catch (RuntimeException e) {
      log.warn("looking after builds failed; trying again", e);
    }
  }

  private void look(long term) {
    works.values().removeIf(work -> work.term != term);
    if (term == NOT_LEADING) {
      return;
    }
    Look look =
        registry.query(
            view ->
                new Look(view.clusterTimeMillis(), view.unfinishedBuilds(Builds.MAX_UNFINISHED)));
    forgetFinished(look.unfinished());
    long atBuilderd = look.unfinished().stream().filter(BuildCoordinator::isAtBuilderd).count();
    for (Build build : look.unfinished()) {
      Work work =
          works.computeIfAbsent(build.getKey(), key -> new Work(term, nanoTime.getAsLong()));
      if (work.busy) {
        continue;
      }
      boolean waits = build.getState() == Build.State.STATE_WANTED;
      if (waits && atBuilderd >= MAX_AT_BUILDERD && !isLate(build, look.clusterMillis())) {
        continue;
      }
      atBuilderd += waits ? 1 : 0;
      driver.drive(build, work, look.clusterMillis());
    }
  }

  private static boolean isAtBuilderd(Build build) {
    return build.getState() != Build.State.STATE_WANTED;
  }

  private static boolean isLate(Build build, long clusterMillis) {
    return clusterMillis >= build.getDeadlineMillis();
  }

  private void forgetFinished(List<Build> unfinished) {
    Set<String> keys = new HashSet<>();
    unfinished.forEach(build -> keys.add(build.getKey()));
    List<String> ended =
        works.entrySet().stream()
            .filter(entry -> !keys.contains(entry.getKey()) && !entry.getValue().busy)
            .map(Map.Entry::getKey)
            .toList();
    for (String key : ended) {
      works.remove(key);
      if (registry.query(view -> view.build(key)).filter(this::isComplete).isPresent()) {
        failPoints.hit(FailPoint.BUILD_AFTER_COMPLETE);
      }
    }
  }

  private boolean isComplete(Build build) {
    return build.getState() == Build.State.STATE_COMPLETED;
  }
}
