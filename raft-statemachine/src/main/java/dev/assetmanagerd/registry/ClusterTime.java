package dev.assetmanagerd.registry;

/** Arithmetic on the cluster clock. */
final class ClusterTime {
  private ClusterTime() {}

  /**
   * The time that lies {@code millis} after another; the end of time where there is no such.
   *
   * @param millis not negative
   */
  static long after(long clockMillis, long millis) {
    return millis > Long.MAX_VALUE - clockMillis ? Long.MAX_VALUE : clockMillis + millis;
  }
}
