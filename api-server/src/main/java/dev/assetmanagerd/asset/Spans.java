package dev.assetmanagerd.asset;

/** Spans of time, for people: the two largest units that say something. */
final class Spans {
  private static final long MINUTE = 60;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  private Spans() {}

  /** For instance {@code 6d 23h}, {@code 2h}, {@code 1m 5s}. */
  static String text(long seconds) {
    if (seconds >= DAY) {
      return text(seconds / DAY, "d", seconds % DAY / HOUR, "h");
    }
    if (seconds >= HOUR) {
      return text(seconds / HOUR, "h", seconds % HOUR / MINUTE, "m");
    }
    return seconds >= MINUTE ? text(seconds / MINUTE, "m", seconds % MINUTE, "s") : seconds + "s";
  }

  private static String text(long large, String largeUnit, long small, String smallUnit) {
    return small == 0 ? large + largeUnit : large + largeUnit + " " + small + smallUnit;
  }
}
