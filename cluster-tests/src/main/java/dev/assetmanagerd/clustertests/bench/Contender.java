package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.node.v1.WriteCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * One of the things a benchmark lets take turns, with what was measured of it so far.
 *
 * <p>Not thread-safe.
 */
final class Contender {
  private final String name;
  private final Load load;
  private final @Nullable TestCluster cluster;
  private final TreeMap<Integer, Results> byConcurrency = new TreeMap<>();

  /**
   * A load with a name.
   *
   * @param cluster whose leader's write counters are watched; null for none
   */
  Contender(String name, Load load, @Nullable TestCluster cluster) {
    this.name = name;
    this.load = load;
    this.cluster = cluster;
  }

  String name() {
    return name;
  }

  Load load() {
    return load;
  }

  void takeTurn(int inFlight, BenchOptions options) {
    WriteCounters before = counters();
    Measurement measured = ClosedLoop.run(load, inFlight, options.settle(), options.measured());
    WriteCounters after = counters();
    byConcurrency.computeIfAbsent(inFlight, none -> new Results()).add(measured, before, after);
  }

  Results at(int inFlight) {
    return byConcurrency.computeIfAbsent(inFlight, none -> new Results());
  }

  private WriteCounters counters() {
    if (cluster == null) {
      return WriteCounters.getDefaultInstance();
    }
    String leader = cluster.leader().id();
    return cluster.statuses(false).stream()
        .filter(status -> status.getNodeId().equals(leader))
        .findFirst()
        .orElseThrow()
        .getWriteCounters();
  }

  /** Everything measured at one concurrency. */
  static final class Results {
    private final List<Double> callsPerSecond = new ArrayList<>();
    private final Histogram latencies = new Histogram(3);
    private long failures;
    private long commands;
    private long entries;
    private long transactions;

    private void add(Measurement measured, WriteCounters before, WriteCounters after) {
      callsPerSecond.add(measured.callsPerSecond());
      latencies.add(measured.latencies());
      failures += measured.failures();
      commands += after.getCommands() - before.getCommands();
      entries += after.getEntries() - before.getEntries();
      transactions += after.getTransactions() - before.getTransactions();
    }

    Spread callsPerSecond() {
      return new Spread(callsPerSecond);
    }

    double latencyMs(double percentile) {
      return latencies.getValueAtPercentile(percentile) / 1e6;
    }

    long failures() {
      return failures;
    }

    double entriesPerCommand() {
      return commands == 0 ? Double.NaN : (double) entries / commands;
    }

    double transactionsPerCommand() {
      return commands == 0 ? Double.NaN : (double) transactions / commands;
    }
  }
}
