package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What clients saw for themselves that must not be, and how often they looked. Thread-safe. */
final class Violations {
  private static final int KEPT = 50;

  private final List<String> violations = new ArrayList<>();
  private final Map<String, Long> looks = new TreeMap<>();

  synchronized void violated(String what) {
    if (violations.size() < KEPT) {
      violations.add(what);
    }
  }

  synchronized void looked(String at) {
    looks.merge(at, 1L, Long::sum);
  }

  synchronized Verdict verdict() {
    List<Finding> findings = violations.stream().map(what -> new Finding(what, List.of())).toList();
    Map<String, String> figures = new TreeMap<>();
    looks.forEach((at, times) -> figures.put(at, Long.toString(times)));
    return Verdict.of(CheckNames.BYTES, findings, figures);
  }
}
