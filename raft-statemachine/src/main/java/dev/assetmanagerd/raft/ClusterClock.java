package dev.assetmanagerd.raft;

import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the cluster clock going on an idle leader, for as long as anything has an end to reach.
 * Every entry moves the clock; this adds an empty one where there was none for a second.
 */
final class ClusterClock {
  /** Between two ticks, at least; looks whether one is needed come more often. */
  static final long TICK_MILLIS = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(ClusterClock.class);

  private final RaftView raft;
  private final LiveRegistry registry;
  private final LeaderLog log;
  private final Stamper stamper;
  private final AtomicBoolean inFlight = new AtomicBoolean();

  ClusterClock(RaftView raft, LiveRegistry registry, LeaderLog log, Stamper stamper) {
    this.raft = raft;
    this.registry = registry;
    this.log = log;
    this.stamper = stamper;
  }

  void tick() {
    if (!raft.leadingReady()
        || stamper.millisSinceLast(raft.term()) < TICK_MILLIS
        || !inFlight.compareAndSet(false, true)) {
      return;
    }
    boolean sent = false;
    try {
      if (registry.read(RegistryView::hasDeadlines)) {
        var unused = log.append(List.of()).whenComplete((done, failure) -> inFlight.set(false));
        sent = true;
      }
    } catch (RegistryException e) {
      LOG.warn("cannot tell whether the cluster clock has to move", e);
    } finally {
      if (!sent) {
        inFlight.set(false);
      }
    }
  }
}
