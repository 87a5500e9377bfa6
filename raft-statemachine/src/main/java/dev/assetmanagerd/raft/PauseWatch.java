package dev.assetmanagerd.raft;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Notices a state machine that was paused for a snapshot which then did not come: Ratis could not
 * put it in its place, or forgot to have it taken over. The node would apply nothing any more, and
 * wait for ever. Taking a snapshot over, however long, is no pause.
 */
final class PauseWatch {
  /** Looks that find the same pause before it is given up. Some milliseconds would be usual. */
  static final int LOOKS_MAX = 30;

  /** Looks are counted instead of time: a process that was stopped meanwhile has done nothing. */
  private static final long LOOK_MILLIS = 1_000;

  private final Timers timers;
  private final BooleanSupplier paused;
  private final Consumer<Throwable> onStuck;
  private final long lookMillis;
  private final AtomicLong pauses = new AtomicLong();

  PauseWatch(Timers timers, BooleanSupplier paused, Consumer<Throwable> onStuck) {
    this(timers, paused, onStuck, LOOK_MILLIS);
  }

  /** For tests, which do not wait that long. */
  PauseWatch(Timers timers, BooleanSupplier paused, Consumer<Throwable> onStuck, long lookMillis) {
    this.timers = timers;
    this.paused = paused;
    this.onStuck = onStuck;
    this.lookMillis = lookMillis;
  }

  /** A pause has begun. */
  void begin() {
    lookLater(pauses.incrementAndGet(), 1);
  }

  private void lookLater(long pause, int look) {
    timers.after(lookMillis, () -> look(pause, look));
  }

  private void look(long pause, int look) {
    if (!paused.getAsBoolean() || pause != pauses.get()) {
      return;
    }
    if (look < LOOKS_MAX) {
      lookLater(pause, look + 1);
    } else {
      onStuck.accept(
          new IllegalStateException(
              "a snapshot was received, and not put in its place within %d s"
                  .formatted(LOOKS_MAX * lookMillis / 1000)));
    }
  }
}
