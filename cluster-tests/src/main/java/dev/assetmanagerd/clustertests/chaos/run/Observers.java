package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.workload.LeaseStopwatch;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.observe.BlobObserver;
import dev.assetmanagerd.clustertests.observe.LeaseWatch;
import dev.assetmanagerd.clustertests.observe.RegistryObserver;
import dev.assetmanagerd.clustertests.observe.StoreView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongBinaryOperator;

/** Those who look on from outside while a run goes on. */
final class Observers implements AutoCloseable {
  private static final Duration CALL_MAX = Duration.ofSeconds(5);

  private final BlobObserver blobs;
  private final RegistryObserver registry;
  private final LeaseWatch leases;

  /** Nobody looks yet. */
  Observers(TestCluster cluster, LeaseBook book, StoreView store) {
    this.blobs = new BlobObserver(store, book);
    this.registry = new RegistryObserver(new AssetClient(cluster::nodes, 0, CALL_MAX), book);
    this.leases = new LeaseWatch(new AssetClient(cluster::nodes, 1, CALL_MAX));
  }

  /** Is told of leases whose life is to be measured. */
  LeaseStopwatch stopwatch() {
    return leases::watch;
  }

  void start() {
    blobs.start();
    registry.start();
    leases.start();
  }

  /** Ends the looking and says what was seen. */
  List<Verdict> stop() {
    List<Verdict> verdicts = new ArrayList<>();
    verdicts.add(Verdict.of(CheckNames.BLOBS, blobs.stop()));
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
    List<String> broken = new ArrayList<>(leases.brokenPromises(leaderless));
    if (leases.mortalsLeft() > 0) {
      broken.add(leases.mortalsLeft() + " leases with an end are still there in the end");
    }
    Result none = leases.ended() == 0 ? Result.UNDECIDED : Result.KEPT;
    return new Verdict(
        CheckNames.STOPWATCH,
        broken.isEmpty() ? none : Result.BROKEN,
        broken.stream().map(what -> new Finding(what, List.of())).toList(),
        Map.of("stopwatch", leases.summary()));
  }

  @Override
  public void close() {
    blobs.close();
    registry.close();
    leases.close();
  }
}
