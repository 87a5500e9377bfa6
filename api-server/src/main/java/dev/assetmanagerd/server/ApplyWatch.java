package dev.assetmanagerd.server;

import dev.assetmanagerd.node.v1.NodeStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Notices that committed entries are waiting and none gets applied. Thread-safe.
 *
 * <p>Looks at the status it is shown now and then; a snapshot that is being installed, or a disk
 * that is slow, must not look like it, so it is patient.
 */
final class ApplyWatch {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final LongSupplier nanoClock;
  private long applied = -1;
  private long movedNanos;
  private boolean behind;

  ApplyWatch(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.movedNanos = nanoClock.getAsLong();
  }

  synchronized void look(NodeStatus status) {
    boolean waiting = status.getAppliedIndex() < status.getCommitIndex();
    if (!waiting || !behind || status.getAppliedIndex() != applied) {
      movedNanos = nanoClock.getAsLong();
    }
    behind = waiting;
    applied = status.getAppliedIndex();
  }

  /** What is wrong; empty when nothing is. */
  synchronized Optional<String> problem() {
    Duration still = Duration.ofNanos(nanoClock.getAsLong() - movedNanos);
    return behind && still.compareTo(PATIENCE) > 0
        ? Optional.of(
            "committed entries wait, and none was applied for "
                + still.toSeconds()
                + " s, since index "
                + applied)
        : Optional.empty();
  }
}
