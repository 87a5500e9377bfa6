package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.chaos.check.Budget;
import dev.assetmanagerd.clustertests.chaos.check.FinalState;
import dev.assetmanagerd.clustertests.chaos.check.HistoryChecks;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.HistoryReader;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.report.Summary;
import dev.assetmanagerd.clustertests.chaos.workload.Workload;
import dev.assetmanagerd.clustertests.chaos.workload.WorkloadOptions;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.observe.BlobObserver;
import dev.assetmanagerd.clustertests.observe.LeaseWatch;
import dev.assetmanagerd.clustertests.observe.RegistryObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The recorded workload with the leader killed once, judged by all checks and observers. {@code
 * -Dassetmanagerd.workload.seconds=N} makes it longer, {@code -Dassetmanagerd.workload.seed=N}
 * repeats the choices of a run.
 */
@Tag("cluster")
@Timeout(300)
final class WorkloadTest {
  private static final long SECONDS = Long.getLong("assetmanagerd.workload.seconds", 8);
  private static final Duration GAP_MAX = Duration.ofSeconds(30);
  private static final Duration CANARY_MAX = Duration.ofSeconds(10);
  private static final Duration KINDS_MAX = Duration.ofSeconds(60);
  private static final Duration CALL_MAX = Duration.ofSeconds(10);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void everyAnswerUnderLoadAndAKilledLeaderIsOneThatARegistryWouldGive() throws Exception {
    long seed = Long.getLong("assetmanagerd.workload.seed", System.nanoTime());
    TestCluster cluster = clusters.start(3, options -> options.with("GC_ENABLED", "false"));
    WorkloadOptions options =
        WorkloadOptions.of(seed)
            .preparingInto(cluster.jailerDirectory())
            .withBlobs(cluster.blobDirectory());
    AssetClient client = new AssetClient(cluster.nodes(), 0, CALL_MAX);
    LeaseBook book = new LeaseBook();
    Path file = cluster.blobDirectory().resolveSibling("history.jsonl");
    List<Verdict> verdicts = new ArrayList<>();
    FinalState end;
    try (HistoryWriter history = HistoryWriter.open(file);
        BlobObserver blobs = new BlobObserver(cluster.blobDirectory(), book);
        RegistryObserver registry = new RegistryObserver(client, book);
        LeaseWatch leases = new LeaseWatch(client);
        Workload workload = Workload.start(cluster::nodes, history, book, leases::watch, options)) {
      blobs.start();
      registry.start();
      leases.start();
      let(workload, SECONDS / 2);
      killLeaderAndStartItAgain(cluster, history);
      let(workload, SECONDS - SECONDS / 2);
      awaitAllKinds(workload);
      workload.quiesce();
      assertThat(workload.canaryWrite(CANARY_MAX)).as("a write at the end").isTrue();
      verdicts.add(workload.bytesVerdict());
      verdicts.add(Verdict.of("blobs of held leases are there", blobs.stop()));
      verdicts.add(Verdict.of("counts can be explained", registry.stop()));
      leases.stop();
      assertThat(leases.brokenPromises()).isEmpty();
      end = workload.finalState(client);
    }
    History history = HistoryReader.read(file);
    verdicts.addAll(HistoryChecks.all(history, Optional.of(end), GAP_MAX, Budget.USUAL));
    System.out.println(Summary.markdown("seed " + seed, history, verdicts));

    assertThat(verdicts).as("seed %s", seed).allMatch(Verdict::isKept);
    cluster.awaitCaughtUp();
    cluster.assertReplicasEqual();
  }

  private static void killLeaderAndStartItAgain(TestCluster cluster, HistoryWriter history) {
    Node leader = cluster.leader();
    history.faultBegins("kill", List.of(leader.id()), "the leader", true);
    cluster.kill(leader);
    cluster.awaitLeader();
    cluster.start(leader);
    history.faultEnds("kill", List.of(leader.id()), "", true);
  }

  /** Only a slow machine makes this wait. */
  private static void awaitAllKinds(Workload workload) {
    await("calls of every kind succeed")
        .atMost(KINDS_MAX)
        .untilAsserted(
            () ->
                assertThat(Kind.values())
                    .allSatisfy(kind -> assertThat(workload.succeeded(kind)).isPositive()));
  }

  private static void let(Workload workload, long seconds) throws InterruptedException {
    assertThat(new CountDownLatch(1).await(seconds, TimeUnit.SECONDS)).isFalse();
    assertThat(workload.isBroken()).as("a client has ended").isFalse();
  }
}
