package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;

/**
 * What a search may take before it gives up.
 *
 * @param time of the whole check
 * @param bytes of memory, about, of the whole check
 */
public record Budget(Duration time, long bytes) {
  /** Enough for a run of some minutes, on a small machine. */
  public static final Budget USUAL = new Budget(Duration.ofSeconds(60), 512L << 20);

  private static final Duration TIME_PER_THOUSAND_CALLS = Duration.ofSeconds(1);
  private static final int HEAP_SHARE = 3;

  /**
   * What a history may take: time by its length, and a third of the memory that this process may
   * have and does not use, or the usual where that is less.
   */
  public static Budget of(History history) {
    Runtime runtime = Runtime.getRuntime();
    long unused = runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
    return new Budget(
        USUAL.time().plus(TIME_PER_THOUSAND_CALLS.multipliedBy(history.calls().size() / 1000)),
        Math.min(unused / HEAP_SHARE, Math.max(USUAL.bytes(), 2048L * history.calls().size())));
  }
}
