package dev.assetmanagerd.clustertests.chaos.history;

import java.util.List;

/**
 * Something was done to the cluster, or undone.
 *
 * @param fault its name; the same for its begin and its end
 * @param begins true when it is done, false when it is undone
 * @param nodes which it is done to; may be empty
 * @param detail for a person
 * @param quorum whether from now on a majority of the voters runs and can talk to each other
 * @param atNanos since the run began: of a begin, before it is done; of an end, after it is undone
 */
public record FaultEvent(
    String fault, boolean begins, List<String> nodes, String detail, boolean quorum, long atNanos)
    implements HistoryEvent {
  /** Copies the list. */
  public FaultEvent {
    nodes = List.copyOf(nodes);
  }

  @Override
  public long endNanos() {
    return atNanos;
  }
}
