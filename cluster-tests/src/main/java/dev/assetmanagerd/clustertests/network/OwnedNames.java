package dev.assetmanagerd.clustertests.network;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Names of things that the machine keeps when this process is killed: they say whose they are, so
 * that a later process can take away those whose owner is gone. Thread-safe.
 */
public final class OwnedNames {
  private static final String MARK = "amt_";
  private static final AtomicInteger LAST = new AtomicInteger();

  private OwnedNames() {}

  /** A name that nobody has: short letters and digits, as a network interface takes. */
  public static String next() {
    return MARK
        + Long.toString(ProcessHandle.current().pid(), 36)
        + "_"
        + Integer.toString(LAST.getAndIncrement(), 36);
  }

  /** Whether a name, or the beginning of one up to a dot or hyphen, is a dead process's. */
  public static boolean isStale(String name) {
    if (!name.startsWith(MARK)) {
      return false;
    }
    try {
      int end = name.indexOf('_', MARK.length());
      return end > 0
          && ProcessHandle.of(Long.parseLong(name.substring(MARK.length(), end), 36)).isEmpty();
    } catch (NumberFormatException notOurs) {
      return false;
    }
  }
}
