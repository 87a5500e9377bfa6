package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.chaos.nemesis.Nemeses;
import dev.assetmanagerd.clustertests.chaos.planted.PlantedBug;
import dev.assetmanagerd.clustertests.chaos.report.RunFigures;
import dev.assetmanagerd.clustertests.chaos.report.RunsReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs scenarios by name; see the script {@code cluster-tests/chaos}. */
@Command(
    name = "chaos",
    mixinStandardHelpOptions = true,
    description = "Does harm to clusters under load and checks what they promise.")
public final class Main implements Callable<Integer> {
  /** One minute of each of these is enough to trust a change. */
  private static final List<String> CI =
      List.of(
          "kill-all",
          "pause",
          "partition-leader",
          "one-way-leader",
          "flapping",
          "loss",
          "clock-steps",
          "fsync-fails",
          "power-loss",
          "wiped",
          "change-members",
          "transfer-storm");

  @Parameters(
      arity = "0..*",
      description =
          "Scenarios; 'mix': all of them taking turns, 'ci': a dozen, 'all', 'bugs': planted ones, 'list'.")
  private List<String> names = List.of();

  @Option(names = "--nodes", description = "3 or 5 (default ${DEFAULT-VALUE}).")
  private int nodes = 3;

  @Option(names = "--seconds", description = "Length of each run (default ${DEFAULT-VALUE}).")
  private long seconds = 60;

  @Option(names = "--minutes", description = "The same in minutes.")
  private long minutes;

  @Option(
      names = "--seed",
      description = "Of all choices (default: any; for 'bugs' one that is known to find them).")
  private Optional<Long> chosenSeed = Optional.empty();

  private final long anySeed = new Random().nextInt(1_000_000);

  @Option(names = "--seeds", description = "Runs of each scenario, seeds counting up from --seed.")
  private int seeds = 1;

  @Option(names = "--at-once", description = "Runs at the same time (default ${DEFAULT-VALUE}).")
  private int atOnce = 1;

  @Option(names = "--bug", description = "A mistake that the product is given first.")
  private String bug = "";

  @Option(
      names = "--require-all",
      description = "Fail when a scenario had to be left out for lack of what it takes.")
  private boolean requireAll;

  private Main() {}

  /** Ends the process with 0 when all runs were good, 1 when one was not, 2 for wrong usage. */
  public static void main(String[] arguments) {
    int exit = new CommandLine(new Main()).execute(arguments);
    System.exit(exit); // client libraries leave threads behind that are not daemons
  }

  @Override
  public Integer call() throws Exception {
    if (names.isEmpty() || names.contains("list")) {
      Nemeses.all().forEach(n -> System.out.printf("%-20s %s%n", n.id(), n.does()));
      return 0;
    }
    return report(names.contains("bugs") ? bugs() : runs());
  }

  private List<Callable<Ended>> runs() {
    List<Callable<Ended>> runs = new ArrayList<>();
    for (Scenario scenario : scenarios()) {
      long first = chosenSeed.orElse(anySeed);
      for (long s : LongStream.range(first, first + seeds).toArray()) {
        String name = "%s, %d nodes, seed %d".formatted(scenario.id(), nodes, s);
        runs.add(() -> orFailure(name, scenario, () -> judge(name, scenario, s)));
      }
    }
    return runs;
  }

  /**
   * How a run ended.
   *
   * @param good whether it came out as it should
   */
  private record Ended(boolean good, RunsReport.Run run) {}

  private Ended judge(String name, Scenario scenario, long runSeed) throws Exception {
    if (scenario.id().equals(Scenario.MIX)) {
      Scenario.leftOutOfMix()
          .forEach((id, why) -> System.out.println("left out of the mix: " + id + ": " + why));
    }
    Optional<PlantedBug> planted =
        bug.isEmpty() ? Optional.empty() : Optional.of(PlantedBug.named(bug));
    ChaosResult result = new ChaosRun(options(scenario, runSeed, planted), System::nanoTime).run();
    String remark =
        result.isGood() ? "" : result.notKept() + ", see " + result.options().directory();
    return new Ended(result.isGood(), run(result.word(), name, result, remark));
  }

  private static RunsReport.Run run(String word, String name, ChaosResult result, String remark) {
    return new RunsReport.Run(word, name, Optional.of(RunFigures.of(result.history())), remark);
  }

  /** What goes wrong with a run itself says nothing of the cluster, and the others go on. */
  private Ended orFailure(String name, Scenario scenario, Callable<Ended> run) {
    Optional<String> missing = scenario.missing();
    if (missing.isPresent()) {
      return without(!requireAll, "LEFT OUT", name, missing.get());
    }
    try {
      return run.call();
    } catch (Exception | AssertionError e) {
      e.printStackTrace();
      return without(false, "FAILED", name, String.valueOf(e.getMessage()));
    }
  }

  private static Ended without(boolean good, String word, String name, String why) {
    return new Ended(good, new RunsReport.Run(word, name, Optional.empty(), why));
  }

  /** Does them, some at once, says how each ended when it ends, and all of it again in the end. */
  private int report(List<Callable<Ended>> runs) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(atOnce);
    try {
      List<Future<Ended>> ends = new ArrayList<>();
      runs.forEach(run -> ends.add(threads.submit(() -> said(run.call()))));
      List<Ended> all = new ArrayList<>();
      for (Future<Ended> end : ends) {
        all.add(end.get());
      }
      RunsReport report = new RunsReport(all.stream().map(Ended::run).toList());
      report.write(target());
      System.out.println();
      System.out.print(report.markdown());
      return all.stream().allMatch(Ended::good) ? 0 : 1;
    } finally {
      threads.shutdownNow();
    }
  }

  private static Ended said(Ended ended) {
    RunsReport.Run run = ended.run();
    System.out.printf("%-9s %s; %s%n", run.word(), run.name(), run.remark());
    return ended;
  }

  /** Each planted bug has to be found in its scenario, by a check that is there for it. */
  private List<Callable<Ended>> bugs() {
    List<Callable<Ended>> runs = new ArrayList<>();
    for (PlantedBug planted : PlantedBug.values()) {
      Scenario scenario = Scenario.named(planted.scenario());
      long its = chosenSeed.orElse(PlantedBug.SEED);
      String name = "%s in %s, seed %d".formatted(planted.id(), scenario.id(), its);
      runs.add(() -> orFailure(name, scenario, () -> find(name, planted, scenario, its)));
    }
    return runs;
  }

  private Ended find(String name, PlantedBug planted, Scenario scenario, long its)
      throws Exception {
    ChaosResult result =
        new ChaosRun(options(scenario, its, Optional.of(planted)), System::nanoTime).run();
    boolean found = planted.isSeenIn(result.broken());
    String remark = result.notKept() + ", see " + result.options().directory();
    return new Ended(found, run(found ? "FOUND" : "MISSED", name, result, remark));
  }

  private List<Scenario> scenarios() {
    return names.stream()
        .flatMap(
            name ->
                switch (name) {
                  case "ci" -> CI.stream().map(Scenario::named);
                  case "all" -> Nemeses.all().stream().map(Scenario::of);
                  default -> java.util.stream.Stream.of(Scenario.named(name));
                })
        .toList();
  }

  private ChaosOptions options(Scenario scenario, long runSeed, Optional<PlantedBug> planted) {
    Duration length = minutes > 0 ? Duration.ofMinutes(minutes) : Duration.ofSeconds(seconds);
    String name = scenario.id() + "-" + nodes + "-" + runSeed + "-" + System.currentTimeMillis();
    return new ChaosOptions(scenario, nodes, length, runSeed, target().resolve(name), planted);
  }

  private static Path target() {
    return Path.of(System.getProperty("chaos.target", "target")).toAbsolutePath().resolve("chaos");
  }
}
