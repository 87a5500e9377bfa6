package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.nemesis.PowerDisk;
import dev.assetmanagerd.clustertests.chaos.workload.LeaseStopwatch;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.observe.BlobObserver;
import dev.assetmanagerd.clustertests.observe.LeaseWatch;
import dev.assetmanagerd.clustertests.observe.RegistryObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongBinaryOperator;

/** Those who look on from outside while a run goes on. */
final class Observers implements AutoCloseable {
  private static final Duration CALL_MAX = Duration.ofSeconds(5);

  private final List<BlobObserver> blobs;
  private final RegistryObserver registry;
  private final LeaseWatch leases;

  /**
   * Nobody looks yet.
   *
   * @param files whether blobs are files that can be seen here
   * @param power of the disk that they are on, where that can be lost
   */
  Observers(TestCluster cluster, LeaseBook book, boolean files, Optional<PowerDisk> power) {
    Lock reading = power.map(PowerDisk::reading).orElseGet(ReentrantLock::new);
    this.blobs =
        files ? List.of(new BlobObserver(cluster.blobDirectory(), book, reading)) : List.of();
    this.registry = new RegistryObserver(new AssetClient(cluster::nodes, 0, CALL_MAX), book);
    this.leases = new LeaseWatch(new AssetClient(cluster::nodes, 1, CALL_MAX));
  }

  /** Is told of leases whose life is to be measured. */
  LeaseStopwatch stopwatch() {
    return leases::watch;
  }

  void start() {
    blobs.forEach(BlobObserver::start);
    registry.start();
    leases.start();
  }

  /** Ends the looking and says what was seen. */
  List<Verdict> stop() {
    List<Verdict> verdicts = new ArrayList<>();
    blobs.forEach(observer -> verdicts.add(Verdict.of(CheckNames.BLOBS, observer.stop())));
    verdicts.add(Verdict.of(CheckNames.OBSERVED, registry.stop()));
    var unused = leases.stop();
    return verdicts;
  }

  /**
   * What the stopwatch says, when the looking has ended.
   *
   * @param leaderless for how long there may have been no leader, between two moments of {@link
   *     System#nanoTime}; in nanoseconds
   */
  Verdict leaseVerdict(LongBinaryOperator leaderless) {
    return Verdict.of(
        CheckNames.STOPWATCH,
        leases.brokenPromises(leaderless).stream()
            .map(what -> new Finding(what, List.of()))
            .toList(),
        Map.of("stopwatch", leases.summary()));
  }

  @Override
  public void close() {
    blobs.forEach(BlobObserver::close);
    registry.close();
    leases.close();
  }
}
