package dev.assetmanagerd.clustertests.chaos.history;

/** One line of a history. */
public sealed interface HistoryEvent permits Call, FaultEvent {
  /** When it was complete, in nanoseconds since the run began; orders the lines of a history. */
  long endNanos();
}
