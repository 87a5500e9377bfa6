package dev.assetmanagerd.clustertests.chaos.check;

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
}
