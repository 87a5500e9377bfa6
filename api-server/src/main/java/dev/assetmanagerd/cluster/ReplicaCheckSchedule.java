package dev.assetmanagerd.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.raft.LeadershipListener;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the replicas compared again and again while this node leads. A new leader does it for the
 * first time after a tenth of the interval, since it does not know when the last one did.
 * Thread-safe.
 */
public final class ReplicaCheckSchedule implements LeadershipListener {
  private static final Logger log = LoggerFactory.getLogger(ReplicaCheckSchedule.class);
  private static final int FIRST_PART = 10;

  private final ReplicaCheck check;
  private final Duration interval;
  private final Executor executor;

  @GuardedBy("this")
  private long leadingTerm = -1;

  /**
   * @param interval pause between two checks; zero for never
   * @param executor starts them; not blocked
   */
  public ReplicaCheckSchedule(ReplicaCheck check, Duration interval, Executor executor) {
    this.check = check;
    this.interval = interval;
    this.executor = executor;
  }

  @Override
  public void onLeaderReady(long term) {
    synchronized (this) {
      leadingTerm = term;
    }
    if (!interval.isZero()) {
      later(term, interval.dividedBy(FIRST_PART));
    }
  }

  @Override
  public synchronized void onLeadershipLost() {
    leadingTerm = -1;
  }

  private synchronized boolean leads(long term) {
    return leadingTerm == term;
  }

  private void later(long term, Duration pause) {
    CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, executor)
        .execute(() -> run(term));
  }

  private void run(long term) {
    if (!leads(term)) {
      return;
    }
    var unused =
        check
            .run()
            .whenComplete(
                (response, failure) -> {
                  if (failure != null) {
                    log.info(
                        "the replicas could not be compared: {}",
                        NodeErrors.unwrap(failure).toString());
                  }
                  later(term, interval);
                });
  }
}
