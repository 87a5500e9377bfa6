package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.check.Budget;
import dev.assetmanagerd.clustertests.chaos.check.FinalState;
import dev.assetmanagerd.clustertests.chaos.check.HistoryChecks;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.HistoryReader;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.nemesis.Need;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemesis;
import dev.assetmanagerd.clustertests.chaos.nemesis.Scene;
import dev.assetmanagerd.clustertests.chaos.planted.PlantedClasses;
import dev.assetmanagerd.clustertests.chaos.workload.Workload;
import dev.assetmanagerd.clustertests.chaos.workload.WorkloadOptions;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * One cluster that things go wrong in while clients use it, and what is then wrong with it.
 *
 * <p>Everything lies below the run's directory: the history, the nodes' data and logs, and on
 * failure a picture of what happened around the first finding.
 */
final class ChaosRun {
  private static final Duration PAUSE_LEAST = Duration.ofMillis(500);
  private static final Duration PAUSE_MOST = Duration.ofSeconds(3);
  private static final Duration CANARY_MAX = Duration.ofSeconds(30);
  private static final Duration READ_MAX = Duration.ofSeconds(10);

  /** Longest time without a write while a quorum is well; elections, and this machine's load. */
  private static final Duration GAP_MAX = Duration.ofSeconds(15);

  private final ChaosOptions options;
  private final LongSupplier nanoClock;

  ChaosRun(ChaosOptions options, LongSupplier nanoClock) {
    this.options = options;
    this.nanoClock = nanoClock;
  }

  /** Does it all. What goes wrong with the cluster is in the result; anything thrown is not. */
  ChaosResult run() throws Exception {
    Files.createDirectories(options.directory());
    Path file = options.directory().resolve("history.jsonl");
    List<Verdict> verdicts = new ArrayList<>();
    ClusterOptions plain =
        ClusterOptions.of(options.nodes(), options.directory().resolve("cluster"))
            // What is unused is deleted by the clients alone; what nobody knows is swept all the
            // time.
            .with("GC_INTERVAL", "24h")
            .with("GC_SWEEP_INTERVAL", "5s")
            .with("GC_ORPHAN_AGE", "10s")
            .with("GC_UPLOAD_GRACE", "10s");
    if (options.bug().isPresent()) {
      Path classes = options.directory().resolve("planted");
      PlantedClasses.compile(options.bug().get(), options.root(), classes);
      plain = plain.withPlanted(classes);
    }
    try (Props props = Props.make(options.scenario().needs(), plain);
        TestCluster cluster = TestCluster.start(props.options())) {
      try {
        verdicts.addAll(play(cluster, props, file));
      } catch (Exception | AssertionError e) {
        verdicts.add(failed("the run itself", e));
      }
      if (!verdicts.stream().allMatch(Verdict::isKept)) {
        Files.writeString(options.directory().resolve("evidence.txt"), cluster.evidence());
      }
    }
    ChaosResult result = new ChaosResult(options, HistoryReader.read(file), verdicts);
    Evidence.leave(result);
    return result;
  }

  private List<Verdict> play(TestCluster cluster, Props props, Path file) throws Exception {
    LeaseBook book = new LeaseBook();
    List<Verdict> verdicts = new ArrayList<>();
    FinalState end;
    try (HistoryWriter history = HistoryWriter.open(file);
        Observers observers = new Observers(cluster, book, sharedFiles(), props.stage().power());
        Workload workload =
            Workload.start(
                cluster::nodes,
                history,
                book,
                observers.stopwatch(),
                workloadOptions(cluster, props));
        BuildLoad builds = BuildLoad.start(cluster, props.stage().builder(), options.seed())) {
      observers.start();
      harm(cluster, props, history);
      if (workload.isBroken()) {
        verdicts.add(failed("clients work", new AssertionError("a client ended by itself")));
      }
      verdicts.add(healed(cluster, workload));
      verdicts.addAll(builds.stop());
      workload.quiesce();
      verdicts.addAll(observers.stop());
      verdicts.add(workload.bytesVerdict());
      end = workload.finalState(new AssetClient(cluster::nodes, 0, READ_MAX));
      if (sharedFiles()) {
        verdicts.add(Leaks.look(cluster, new AssetClient(cluster::nodes, 0, READ_MAX)));
      }
      verdicts.add(equalReplicas(cluster));
    }
    History history = HistoryReader.read(file);
    verdicts.addAll(HistoryChecks.all(history, end, GAP_MAX, Budget.USUAL));
    return verdicts;
  }

  private boolean sharedFiles() {
    return !options.scenario().needs().contains(Need.OBJECT_STORE);
  }

  private WorkloadOptions workloadOptions(TestCluster cluster, Props props) {
    WorkloadOptions base = WorkloadOptions.of(options.seed()).preparingInto(props.jails());
    // Clients do not look at what is on a disk that may have lost its power.
    boolean seen = sharedFiles() && props.stage().power().isEmpty();
    return seen ? base.withBlobs(cluster.blobDirectory()) : base;
  }

  /** One nemesis after the other until the time is up; each undoes what it has done. */
  private void harm(TestCluster cluster, Props props, HistoryWriter history) throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    Scene scene = new Scene(cluster, props.stage(), options.seed(), history, over);
    SplittableRandom random = new SplittableRandom(options.seed());
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    try {
      var unused =
          timer.schedule(over::countDown, options.length().toMillis(), TimeUnit.MILLISECONDS);
      while (!over.await(pause(random), TimeUnit.MILLISECONDS)) {
        List<Nemesis> nemeses = options.scenario().nemeses();
        nemeses.get(random.nextInt(nemeses.size())).round().of(scene);
      }
    } finally {
      timer.shutdownNow();
    }
  }

  private static long pause(SplittableRandom random) {
    return random.nextLong(PAUSE_LEAST.toMillis(), PAUSE_MOST.toMillis());
  }

  /** A leader, everybody ready and caught up, and a write that succeeds. */
  private Verdict healed(TestCluster cluster, Workload workload) {
    long begin = nanoClock.getAsLong();
    try {
      cluster.awaitLeader();
      cluster.awaitReady();
      if (!workload.canaryWrite(CANARY_MAX)) {
        return failed("recovers", new AssertionError("no write within " + CANARY_MAX));
      }
      cluster.awaitCaughtUp();
      String took = "%.1f s".formatted((nanoClock.getAsLong() - begin) / 1e9);
      return Verdict.of("recovers", List.of(), Map.of("all caught up after", took));
    } catch (RuntimeException | AssertionError e) {
      return failed("recovers", e);
    }
  }

  private static Verdict equalReplicas(TestCluster cluster) {
    try {
      cluster.assertReplicasEqual();
      return Verdict.of("replicas are equal", List.of(), Map.of());
    } catch (RuntimeException | AssertionError e) {
      return failed("replicas are equal", e);
    }
  }

  private static Verdict failed(String check, Throwable e) {
    java.io.StringWriter text = new java.io.StringWriter();
    e.printStackTrace(new java.io.PrintWriter(text));
    return Verdict.of(check, List.of(new Finding(text.toString(), List.of())), Map.of());
  }
}
