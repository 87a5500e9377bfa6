package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.olddaemon.OldDaemonData;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How much to measure.
 *
 * @param directory for data, logs and results
 * @param rounds how often everything compared takes its turn
 * @param warmUp of each load before the first round
 * @param settle at the start of each turn, not measured
 * @param measured of each turn
 * @param kills of the leader, in the failover benchmark
 * @param uploadBytes size of one upload
 * @param assets how many assets the two listings are compared at, small and large
 * @param garbageBenchAssets how many assets there are in the benchmark of garbage collection
 * @param joinBenchLeases how many leases there are when a node joins
 * @param oldDaemon the database that is imported
 * @param jvmArguments of each node
 */
record BenchOptions(
    Path directory,
    int rounds,
    Duration warmUp,
    Duration settle,
    Duration measured,
    int kills,
    long uploadBytes,
    List<Integer> assets,
    int garbageBenchAssets,
    int joinBenchLeases,
    OldDaemonData oldDaemon,
    List<String> jvmArguments) {
  /** What the documented figures are measured with. */
  static BenchOptions full(Path directory, List<String> jvmArguments) {
    return new BenchOptions(
        directory,
        3,
        Duration.ofSeconds(25),
        Duration.ofMillis(700),
        Duration.ofSeconds(3),
        10,
        2L << 30,
        List.of(10_000, 1_000_000),
        100_000,
        1_000_000,
        OldDaemonData.DOCUMENTED,
        jvmArguments);
  }

  /** To see in a minute or two that everything runs; the figures mean little. */
  static BenchOptions quick(Path directory, List<String> jvmArguments) {
    return new BenchOptions(
        directory,
        2,
        Duration.ofSeconds(4),
        Duration.ofMillis(300),
        Duration.ofSeconds(1),
        2,
        128L << 20,
        List.of(1_000, 10_000),
        5_000,
        20_000,
        new OldDaemonData(5_000, 25_000, 2_500),
        jvmArguments);
  }
}
