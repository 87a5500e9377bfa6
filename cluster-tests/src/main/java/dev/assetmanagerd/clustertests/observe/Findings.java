package dev.assetmanagerd.clustertests.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What an observer has seen: how much it looked at, and what was wrong. Thread-safe. */
public final class Findings {
  private static final int VIOLATIONS_KEPT = 50;

  private final String observer;
  private final List<String> violations = new ArrayList<>();
  private final Map<String, Long> counts = new TreeMap<>();
  private long violationCount;

  Findings(String observer) {
    this.observer = observer;
  }

  synchronized void violated(String what) {
    violationCount++;
    if (violations.size() < VIOLATIONS_KEPT) {
      violations.add(observer + ": " + what);
    }
  }

  synchronized void count(String what, long howMany) {
    counts.merge(what, howMany, Long::sum);
  }

  /** Broken promises, the first fifty of them; empty when all is well. */
  public synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  /** How often something was looked at; 0 for what never was. */
  public synchronized long count(String what) {
    return counts.getOrDefault(what, 0L);
  }

  @Override
  public synchronized String toString() {
    return observer + ": " + counts + ", violations " + violationCount;
  }
}
