package dev.assetmanagerd.storage.scrub;

import java.time.Duration;

/**
 * Where in the order of digests a round begins: at the place that a scrub which takes its whole
 * interval, evenly, has come to by now. So nothing has to be remembered: whoever goes on after a
 * restart, or on another node, goes on near where the last one was or behind it, and those who are
 * stopped again and again still come to all blobs in time.
 */
public final class ScrubStart {
  private static final int PLACES = 1 << 16;

  private ScrubStart() {}

  /**
   * Four hexadecimal digits that a digest may begin with.
   *
   * @param nowMillis wall time
   * @param interval of rounds
   */
  public static String at(long nowMillis, Duration interval) {
    long length = Math.max(1, interval.toMillis());
    double share = (double) Math.floorMod(nowMillis, length) / length;
    return "%04x".formatted((int) (share * PLACES));
  }
}
