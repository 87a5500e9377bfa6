package dev.assetmanagerd.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.registry.FormatLevels;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Raises a new cluster to the highest format level without being asked: nobody can want to go back
 * to an older program with it. Its leader does so as soon as all members have answered that they
 * know the level, and tries until then, while it leads. Thread-safe.
 *
 * <p>A cluster is new while it is led by a node that founded it and has not been restarted since.
 * Any other is raised when its operator says so.
 */
public final class NewClusterLevel implements LeadershipListener {
  private static final Logger log = LoggerFactory.getLogger(NewClusterLevel.class);

  /**
   * The other nodes of a new cluster start at about the same time, so hardly any tries are needed.
   */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  private static final Duration LAST_PAUSE = Duration.ofSeconds(2);
  private static final Duration ATTEMPT_MAX = Duration.ofSeconds(10);

  private final RaftNode raft;
  private final FormatUpgrade upgrade;
  private final Executor executor;

  @GuardedBy("this")
  private long leadingTerm = -1;

  /**
   * @param executor for the next try; not blocked
   */
  public NewClusterLevel(RaftNode raft, FormatUpgrade upgrade, Executor executor) {
    this.raft = raft;
    this.upgrade = upgrade;
    this.executor = executor;
  }

  @Override
  public void onLeaderReady(long term) {
    synchronized (this) {
      leadingTerm = term;
    }
    if (raft.isFounding()) {
      attempt(term, FIRST_PAUSE);
    }
  }

  @Override
  public synchronized void onLeadershipLost() {
    leadingTerm = -1;
  }

  private synchronized boolean leads(long term) {
    return leadingTerm == term;
  }

  private void attempt(long term, Duration pause) {
    if (!leads(term) || raft.formatLevel() >= FormatLevels.HIGHEST) {
      return;
    }
    var unused =
        upgrade
            .upgrade(Deadline.after(ATTEMPT_MAX.toMillis(), TimeUnit.MILLISECONDS))
            .whenComplete((raised, failure) -> ended(term, pause, failure));
  }

  private void ended(long term, Duration pause, @Nullable Throwable failure) {
    if (failure == null || !leads(term)) {
      return;
    }
    Throwable cause = NodeErrors.unwrap(failure);
    if (pause.equals(LAST_PAUSE)) {
      log.debug("the new cluster stays at its format level for now: {}", cause.toString());
    } else {
      log.info("the new cluster stays at its format level for now: {}", cause.toString());
    }
    Duration next = pause.multipliedBy(2);
    CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, executor)
        .execute(() -> attempt(term, next.compareTo(LAST_PAUSE) < 0 ? next : LAST_PAUSE));
  }
}
