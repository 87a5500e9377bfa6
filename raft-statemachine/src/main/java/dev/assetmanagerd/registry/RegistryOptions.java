package dev.assetmanagerd.registry;

import java.time.Duration;

/**
 * Limits of an open registry database.
 *
 * @param readers connections for reading, hence reads at a time; 1 or more
 * @param readerWait how long a read waits for one of them before it fails with {@link
 *     RegistryBusyException}
 * @param closeWait how long closing waits for reads that are under way
 */
public record RegistryOptions(int readers, Duration readerWait, Duration closeWait) {
  /** For a node of ordinary size. */
  public static final RegistryOptions DEFAULT =
      new RegistryOptions(8, Duration.ofSeconds(5), Duration.ofSeconds(10));

  public RegistryOptions {
    if (readers < 1) {
      throw new IllegalArgumentException("readers must be 1 or more: " + readers);
    }
    if (readerWait.isNegative() || closeWait.isNegative()) {
      throw new IllegalArgumentException("waits must not be negative");
    }
  }
}
