package dev.assetmanagerd.clustertests.chaos.nemesis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether harm was done indeed: a run in which a tool did not do what it was told to would be good
 * for nothing, and look good. Thread-safe.
 */
public final class Effects {
  private final Map<String, Long> counts = new TreeMap<>();
  private final List<String> missed = new ArrayList<>();

  /** Something took effect so many times. */
  synchronized void took(String what, long times) {
    counts.merge(what, times, Long::sum);
    System.out.println("harm: " + what + " took effect " + times + " times");
  }

  /** Something did not take effect. */
  synchronized void missed(String what) {
    missed.add(what);
    System.out.println("harm: " + what);
  }

  /** What did not take effect; empty where all harm that can be seen to take effect did. */
  public synchronized List<String> missed() {
    return List.copyOf(missed);
  }

  /** How often what took effect. */
  public synchronized Map<String, Long> counts() {
    return new TreeMap<>(counts);
  }
}
