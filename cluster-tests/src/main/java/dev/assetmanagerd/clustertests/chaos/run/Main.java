package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.WriteGaps;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemeses;
import dev.assetmanagerd.clustertests.chaos.planted.PlantedBug;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
          "kill-one",
          "kill-all",
          "pause",
          "partition-leader",
          "partition-halves",
          "one-way-leader",
          "flapping",
          "loss",
          "clock-steps",
          "fsync-fails",
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

  @Option(names = "--seed", description = "Of all choices (default: any).")
  private long seed = new Random().nextInt(1_000_000);

  @Option(names = "--seeds", description = "Runs of each scenario, seeds counting up from --seed.")
  private int seeds = 1;

  @Option(names = "--at-once", description = "Runs at the same time (default ${DEFAULT-VALUE}).")
  private int atOnce = 1;

  @Option(names = "--bug", description = "A mistake that the product is given first.")
  private String bug = "";

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
    if (names.contains("bugs")) {
      return bugs();
    }
    List<Callable<Line>> runs = new ArrayList<>();
    for (Scenario scenario : scenarios()) {
      for (long s : LongStream.range(seed, seed + seeds).toArray()) {
        runs.add(() -> orFailure(scenario.id(), () -> judge(scenario, s)));
      }
    }
    return report(runs);
  }

  /**
   * What is said of a run.
   *
   * @param good whether it came out as it should
   */
  private record Line(boolean good, String text) {}

  private Line judge(Scenario scenario, long runSeed) throws Exception {
    if (scenario.missing().isPresent()) {
      return new Line(true, "LEFT OUT  " + scenario.id() + ": " + scenario.missing().get());
    }
    ChaosResult result = new ChaosRun(options(scenario, runSeed, bug), System::nanoTime).run();
    return new Line(result.isGood(), line(result));
  }

  /** What goes wrong with a run itself says nothing of the cluster, and the others go on. */
  private static Line orFailure(String id, Callable<Line> run) {
    try {
      return run.call();
    } catch (Exception | AssertionError e) {
      e.printStackTrace();
      return new Line(false, "FAILED    " + id + ": " + e.getMessage());
    }
  }

  /** Does them, some at once, says how each ended when it ends, and all of it again in the end. */
  private int report(List<Callable<Line>> runs) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(atOnce);
    try {
      List<Future<Line>> ends = new ArrayList<>();
      runs.forEach(run -> ends.add(threads.submit(() -> said(run.call()))));
      List<Line> lines = new ArrayList<>();
      for (Future<Line> end : ends) {
        lines.add(end.get());
      }
      System.out.println();
      lines.forEach(line -> System.out.println(line.text()));
      return lines.stream().allMatch(Line::good) ? 0 : 1;
    } finally {
      threads.shutdownNow();
    }
  }

  private static Line said(Line line) {
    System.out.println(line.text());
    return line;
  }

  /** Each planted bug has to be found in its scenario. */
  private int bugs() throws Exception {
    List<Callable<Line>> runs = new ArrayList<>();
    for (PlantedBug planted : PlantedBug.values()) {
      runs.add(() -> orFailure(planted.id(), () -> find(planted)));
    }
    return report(runs);
  }

  private Line find(PlantedBug planted) throws Exception {
    Scenario scenario = Scenario.named(planted.scenario());
    if (scenario.missing().isPresent()) {
      return new Line(true, "LEFT OUT  " + planted.id() + ": " + scenario.missing().get());
    }
    ChaosResult result =
        new ChaosRun(options(scenario, seed, planted.id()), System::nanoTime).run();
    String found = result.isGood() ? "MISSED    " : "FOUND     ";
    return new Line(!result.isGood(), found + planted.id() + " in " + line(result));
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

  private ChaosOptions options(Scenario scenario, long runSeed, String planted) {
    Duration length = minutes > 0 ? Duration.ofMinutes(minutes) : Duration.ofSeconds(seconds);
    Path target = Path.of(System.getProperty("chaos.target", "target")).toAbsolutePath();
    String name = scenario.id() + "-" + nodes + "-" + runSeed + "-" + System.currentTimeMillis();
    return new ChaosOptions(
        scenario,
        nodes,
        length,
        runSeed,
        target.resolve("chaos").resolve(name),
        planted.isEmpty() ? Optional.empty() : Optional.of(PlantedBug.named(planted)));
  }

  private static String line(ChaosResult result) {
    WriteGaps gaps = WriteGaps.of(result.history());
    List<String> broken =
        result.verdicts().stream()
            .filter(verdict -> !verdict.isKept())
            .map(Verdict::check)
            .toList();
    return String.format(
        Locale.ROOT,
        "%s  %s, %d nodes, seed %d: %d calls, %d unknown, %d faults, longest write gap %.1f s%s",
        result.isGood() ? "GOOD    " : "BROKEN  ",
        result.options().scenario().id(),
        result.options().nodes(),
        result.options().seed(),
        result.history().calls().size(),
        result.history().calls().stream().filter(Call::isUnknown).count(),
        result.history().faults().stream().filter(fault -> fault.begins()).count(),
        gaps.longest().toMillis() / 1e3,
        broken.isEmpty() ? "" : "; " + broken + ", see " + result.options().directory());
  }
}
