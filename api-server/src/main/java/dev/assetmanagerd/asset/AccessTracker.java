package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.TouchAssets;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gathers which assets were read on this node and has their last_accessed_at moved in batches, so
 * that a read costs no write of its own.
 *
 * <p>Best effort: what is gathered is lost with the process, and with a cluster that takes no
 * writes. At most {@value #MAX_PENDING} ids wait; more are dropped until the next flush.
 * Thread-safe.
 */
final class AccessTracker implements AutoCloseable {
  static final int MAX_PENDING = 10_000;
  static final int BATCH = 256;

  private static final Logger log = LoggerFactory.getLogger(AccessTracker.class);
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final ReplicatedRegistry registry;
  private final ScheduledFuture<?> timer;

  @GuardedBy("this")
  private final Set<String> pending = new LinkedHashSet<>();

  AccessTracker(
      ReplicatedRegistry registry, ScheduledExecutorService scheduler, Duration interval) {
    this.registry = registry;
    this.timer =
        scheduler.scheduleWithFixedDelay(
            this::flushOnTimer, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Notes that an asset was read just now. */
  synchronized void touched(String assetId) {
    if (pending.size() < MAX_PENDING) {
      pending.add(assetId);
    }
  }

  private void flushOnTimer() {
    try {
      flush();
    } catch (RuntimeException e) {
      log.warn("notes of access could not be proposed", e); // a throwing task is never run again
    }
  }

  /** Proposes what has been gathered; does not wait for it. */
  void flush() {
    for (List<String> batch = take(); !batch.isEmpty(); batch = take()) {
      int count = batch.size();
      Command command =
          Command.newBuilder()
              .setRequestId(UUID.randomUUID().toString())
              .setTouchAssets(TouchAssets.newBuilder().addAllAssetIds(batch))
              .build();
      var unused =
          registry
              .propose(command, Deadline.after(DEADLINE.toMillis(), TimeUnit.MILLISECONDS))
              .whenComplete(
                  (committed, failure) -> {
                    if (failure != null) {
                      log.debug("dropped {} notes of access", count, failure);
                    }
                  });
    }
  }

  private synchronized List<String> take() {
    List<String> batch = new ArrayList<>(Math.min(BATCH, pending.size()));
    var ids = pending.iterator();
    while (batch.size() < BATCH && ids.hasNext()) {
      batch.add(ids.next());
      ids.remove();
    }
    return batch;
  }

  @Override
  public void close() {
    timer.cancel(false);
  }
}
