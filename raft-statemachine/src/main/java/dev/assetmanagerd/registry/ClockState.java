package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.LogEntry;

/**
 * The cluster clock, and what is needed to move it.
 *
 * <p>Each leader counts the milliseconds of its term and stamps them into its entries. Stamping an
 * entry and getting it into the log are two steps, so entries may come in another order than their
 * stamps: only what a reading is beyond the highest one of its term moves the clock. The first
 * reading of a term is where counting begins. So the clock never moves by more than the time that
 * has passed between the first and the last stamp of a term, and terms do not overlap in time.
 *
 * @param millis the cluster clock
 * @param term the latest term that stamped an entry; 0 before the first
 * @param reading the highest reading of that term
 */
record ClockState(long millis, long term, long reading) {
  /**
   * The clock after an entry. A stamp of a term that is over does not move it.
   *
   * @throws RegistryException when the stamp is none that a leader could have made
   */
  ClockState after(LogEntry entry) {
    long entryTerm = entry.getTerm();
    long entryReading = entry.getClockReadingMillis();
    if (entryTerm < 1 || entryReading < 0) {
      throw new RegistryException(
          "the entry is stamped %d ms of term %d".formatted(entryReading, entryTerm));
    }
    if (entryTerm < term || (entryTerm == term && entryReading <= reading)) {
      return this;
    }
    if (entryTerm > term) {
      return new ClockState(millis, entryTerm, entryReading);
    }
    long move = entryReading - reading;
    if (move > Long.MAX_VALUE - millis) {
      throw new RegistryException(
          "the entry moves the cluster clock, now %d, by %d".formatted(millis, move));
    }
    return new ClockState(millis + move, term, entryReading);
  }
}
