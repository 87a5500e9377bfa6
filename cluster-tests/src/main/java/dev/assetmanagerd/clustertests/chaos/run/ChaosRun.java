package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.check.Budget;
import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import dev.assetmanagerd.clustertests.chaos.check.EnoughCheck;
import dev.assetmanagerd.clustertests.chaos.check.FinalState;
import dev.assetmanagerd.clustertests.chaos.check.HistoryChecks;
import dev.assetmanagerd.clustertests.chaos.check.Leaderless;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.HistoryReader;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.nemesis.Need;
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
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * One cluster that things go wrong in while clients use it, and what is then wrong with it.
 *
 * <p>Everything lies below the run's directory: the history, the nodes' data and logs, and on
 * failure a picture of what happened around the first finding.
 */
final class ChaosRun {
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
    ChaosResult result;
    try (Props props = Props.make(options.scenario().needs(), plain);
        TestCluster cluster = TestCluster.start(props.options())) {
      Optional<Played> played = Optional.empty();
      try {
        played = Optional.of(play(cluster, props, file, verdicts));
      } catch (Exception | AssertionError e) {
        verdicts.add(failed("the run itself", e));
      }
      History history = HistoryReader.read(file);
      played.ifPresent(p -> verdicts.add(p.stopwatch().apply(Leaderless.of(history))));
      verdicts.addAll(
          HistoryChecks.all(history, played.flatMap(Played::end), GAP_MAX, Budget.of(history)));
      verdicts.add(new EnoughCheck().check(history));
      result = new ChaosResult(options, history, verdicts);
      if (result.isGood()) {
        props.discardFiles();
      } else {
        Files.writeString(options.directory().resolve("evidence.txt"), cluster.evidence());
      }
    }
    Evidence.leave(result);
    return result;
  }

  /**
   * What a run has come to when its clients are gone.
   *
   * @param end what the cluster had; empty where the run did not come so far
   * @param stopwatch compares the lives of leases with what was promised
   */
  private record Played(Optional<FinalState> end, Function<Leaderless, Verdict> stopwatch) {}

  private Played play(TestCluster cluster, Props props, Path file, List<Verdict> verdicts)
      throws Exception {
    LeaseBook book = new LeaseBook();
    Optional<FinalState> end = Optional.empty();
    try (HistoryWriter history = HistoryWriter.open(file);
        Observers observers = new Observers(cluster, book, props.store());
        Workload workload =
            Workload.start(
                cluster::nodes,
                history,
                book,
                observers.stopwatch(),
                workloadOptions(cluster, props));
        BuildLoad builds = BuildLoad.start(cluster, props.stage().builder(), options.seed())) {
      observers.start();
      verdicts.add(new Harm(options, nanoClock).to(cluster, props.stage(), history));
      if (workload.isBroken()) {
        verdicts.add(failed("clients work", new AssertionError("a client ended by itself")));
      }
      verdicts.add(healed(cluster, workload));
      verdicts.addAll(builds.stop());
      AssetClient reader = new AssetClient(cluster::nodes, 0, READ_MAX);
      try {
        workload.quiesce();
        end = Optional.of(workload.finalState(reader));
        // Observers look on until every lease that has an end should have come to it.
        verdicts.addAll(
            new Leaks(props.store(), reader, workload.closedSessions(), nanoClock).look());
      } catch (IllegalStateException | AssertionError e) {
        verdicts.add(failed("the run itself", e)); // what was recorded is judged all the same
      }
      verdicts.addAll(observers.stop());
      verdicts.add(workload.bytesVerdict());
      verdicts.add(equalReplicas(cluster));
      return new Played(
          end,
          leaderless ->
              observers.leaseVerdict(
                  (from, to) ->
                      leaderless.nanos(history.sinceBegin(from), history.sinceBegin(to))));
    }
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
      return Verdict.of(CheckNames.REPLICAS, List.of(), Map.of());
    } catch (RuntimeException | AssertionError e) {
      return failed(CheckNames.REPLICAS, e);
    }
  }

  static Verdict failed(String check, Throwable e) {
    java.io.StringWriter text = new java.io.StringWriter();
    e.printStackTrace(new java.io.PrintWriter(text));
    return Verdict.of(check, List.of(new Finding(text.toString(), List.of())), Map.of());
  }
}
