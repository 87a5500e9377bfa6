package dev.assetmanagerd.build;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.RegistryView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds as any node sees them: those who wait for one wait here.
 *
 * <p>All waiters of a node share one look at its own registry, a few times a second, however many
 * they are; no thread waits. Thread-safe.
 */
public final class Builds implements AutoCloseable {
  /** Builds that may be unfinished at the same time in the cluster; more are refused. */
  public static final int MAX_UNFINISHED = 1000;

  /** Calls that may wait on one node at the same time; more are refused. */
  static final int MAX_WAITERS = 4096;

  private static final Logger log = LoggerFactory.getLogger(Builds.class);

  private record Waiter(
      String key, long minIndex, long deadlineNanos, CompletableFuture<Build> answer) {}

  private record Look(long index, Map<String, Build> builds) {}

  private final BuildSettings settings;
  private final ReplicatedRegistry registry;
  private final LongSupplier nanoTime;
  private final ScheduledFuture<?> timer;

  @GuardedBy("this")
  private List<Waiter> waiters = new ArrayList<>();

  @GuardedBy("this")
  private boolean stopping;

  /**
   * @param registry of this node
   * @param thread looks; it is kept for a query of the registry at most
   * @param lookInterval pause between two looks
   * @param nanoTime monotonic
   */
  public Builds(
      BuildSettings settings,
      ReplicatedRegistry registry,
      ScheduledExecutorService thread,
      Duration lookInterval,
      LongSupplier nanoTime) {
    this.settings = settings;
    this.registry = registry;
    this.nanoTime = nanoTime;
    this.timer =
        thread.scheduleWithFixedDelay(
            this::look, lookInterval.toNanos(), lookInterval.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Whether missing images are built. */
  public boolean enabled() {
    return settings.enabled();
  }

  /** Bound of one build, from the first request for it. */
  public Duration timeout() {
    return settings.timeout();
  }

  /**
   * Waits until a build has ended. Cancelling the future ends the waiting, not the build.
   *
   * @param minIndex log index of the request for the build; what was before it is no answer
   * @param patience how long to wait
   * @return the build, COMPLETED or FAILED; or as far as it is when the patience is at its end.
   *     Fails with {@link ClusterUnavailableException} when too many wait here, or this node stops
   */
  public CompletableFuture<Build> await(String key, long minIndex, Duration patience) {
    CompletableFuture<Build> answer = new CompletableFuture<>();
    Waiter waiter = new Waiter(key, minIndex, nanoTime.getAsLong() + patience.toNanos(), answer);
    synchronized (this) {
      if (stopping) {
        return CompletableFuture.failedFuture(stoppingNow());
      }
      if (waiters.size() >= MAX_WAITERS) {
        return CompletableFuture.failedFuture(
            new ClusterUnavailableException(
                Reason.OVERLOADED,
                false,
                MAX_WAITERS + " calls wait for builds on this node already"));
      }
      waiters.add(waiter);
    }
    return answer;
  }

  /** Number of calls that wait here. */
  public synchronized int waiting() {
    return waiters.size();
  }

  /** Sends all who wait away, and takes no more; the builds go on. */
  @Override
  public void close() {
    List<Waiter> left;
    synchronized (this) {
      stopping = true;
      left = waiters;
      waiters = new ArrayList<>();
    }
    timer.cancel(false);
    left.forEach(waiter -> waiter.answer().completeExceptionally(stoppingNow()));
  }

  private static ClusterUnavailableException stoppingNow() {
    return new ClusterUnavailableException(
        Reason.STOPPING, false, "this node is stopping; wait for the build on another one");
  }

  private void look() {
    try {
      List<Waiter> now = stillWaiting();
      if (now.isEmpty()) {
        return;
      }
      Look look = registry.query(view -> look(view, now));
      long nanos = nanoTime.getAsLong();
      now.forEach(waiter -> answer(waiter, look, nanos));
    } catch (RuntimeException e) {
      log.warn("looking for the ends of builds failed; looking again", e);
    }
  }

  private synchronized List<Waiter> stillWaiting() {
    waiters.removeIf(waiter -> waiter.answer().isDone());
    return List.copyOf(waiters);
  }

  private static Look look(RegistryView view, List<Waiter> waiters) {
    Map<String, Build> builds = new HashMap<>();
    waiters.stream()
        .map(Waiter::key)
        .distinct()
        .map(view::build)
        .flatMap(Optional::stream)
        .forEach(build -> builds.put(build.getKey(), build));
    return new Look(view.applied().index(), builds);
  }

  private static void answer(Waiter waiter, Look look, long nowNanos) {
    boolean impatient = nowNanos - waiter.deadlineNanos() >= 0;
    Build build = look.builds().get(waiter.key());
    if (look.index() < waiter.minIndex() || build == null) {
      if (impatient) {
        waiter
            .answer()
            .completeExceptionally(
                new ClusterUnavailableException(
                    Reason.NO_LEADER, false, "this node has lost sight of the cluster"));
      }
    } else if (hasEnded(build) || impatient) {
      waiter.answer().complete(build);
    }
  }

  /** Whether nothing will happen to it any more. */
  public static boolean hasEnded(Build build) {
    return build.getState() == Build.State.STATE_COMPLETED
        || build.getState() == Build.State.STATE_FAILED;
  }
}
