package dev.assetmanagerd.clustertests.chaos.report;

import dev.assetmanagerd.clustertests.chaos.history.FaultEvent;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A fault from its begin to its end.
 *
 * @param toNanos the end of the run where it did not end before
 */
record FaultBand(String fault, String detail, List<String> nodes, long fromNanos, long toNanos) {
  /** All faults of a history, by their begin. An end without a begin is left out. */
  static List<FaultBand> of(History history) {
    List<FaultBand> bands = new ArrayList<>();
    List<FaultEvent> open = new ArrayList<>();
    for (FaultEvent event : history.faults()) {
      if (event.begins()) {
        open.add(event);
      } else {
        closeFirst(open, event, bands);
      }
    }
    open.forEach(begin -> bands.add(band(begin, history.endNanos())));
    bands.sort(java.util.Comparator.comparingLong(FaultBand::fromNanos));
    return bands;
  }

  private static void closeFirst(List<FaultEvent> open, FaultEvent end, List<FaultBand> bands) {
    for (Iterator<FaultEvent> begins = open.iterator(); begins.hasNext(); ) {
      FaultEvent begin = begins.next();
      if (begin.fault().equals(end.fault()) && begin.nodes().equals(end.nodes())) {
        begins.remove();
        bands.add(band(begin, end.atNanos()));
        return;
      }
    }
  }

  private static FaultBand band(FaultEvent begin, long to) {
    return new FaultBand(
        begin.fault(),
        begin.detail(),
        begin.nodes(),
        begin.atNanos(),
        Math.max(to, begin.atNanos()));
  }
}
