package dev.assetmanagerd.clustertests.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How the calls of a {@link Storm} ended, and which promises were broken. Thread-safe. */
final class StormLog {
  private static final int VIOLATIONS_KEPT = 50;

  private final Map<String, Map<String, Long>> endings = new TreeMap<>();
  private final List<String> violations = new ArrayList<>();

  synchronized void ended(String call, String how) {
    endings.computeIfAbsent(call, none -> new TreeMap<>()).merge(how, 1L, Long::sum);
  }

  synchronized void violated(String what) {
    if (violations.size() < VIOLATIONS_KEPT) {
      violations.add(what);
    }
  }

  synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  synchronized long count(String call, String how) {
    return endings.getOrDefault(call, Map.of()).getOrDefault(how, 0L);
  }

  @Override
  public synchronized String toString() {
    return endings.toString();
  }
}
