package dev.assetmanagerd.clustertests.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs benchmarks by name; see the script {@code cluster-tests/bench}. */
public final class Main {
  private static final List<String> ALL =
      List.of(
          "a",
          "b",
          "keepalive",
          "upload",
          "list",
          "failover",
          "membership",
          "join",
          "backup",
          "s3",
          "prepare",
          "import");

  private Main() {}

  /** Arguments: {@code all} or some of the names, and {@code --quick}. */
  public static void main(String[] arguments) throws Exception {
    List<String> names = new ArrayList<>(Arrays.asList(arguments));
    boolean quick = names.remove("--quick");
    if (names.contains("all")) {
      names = ALL;
    }
    if (names.isEmpty() || !ALL.containsAll(names)) {
      System.err.println("usage: bench [--quick] all | " + String.join(" | ", ALL));
      System.exit(2);
    }
    Path target = Path.of(System.getProperty("bench.target", "target")).toAbsolutePath();
    Path directory = target.resolve("bench").resolve("run-" + System.currentTimeMillis());
    List<String> jvm =
        List.of(System.getProperty("bench.node.jvm", "-Xmx512m").strip().split("\\s+"));
    BenchOptions options =
        quick ? BenchOptions.quick(directory, jvm) : BenchOptions.full(directory, jvm);
    Report report = new Report(target.resolve("bench-results.md"));
    report.line("# Benchmarks");
    report.line("");
    report.line(
        "Java %s, %d cores for everything, load included; nodes run with %s.",
        Runtime.version(), Runtime.getRuntime().availableProcessors(), String.join(" ", jvm));
    for (String name : names) {
      run(name, options, report);
    }
    System.exit(0); // client libraries leave threads behind that are not daemons
  }

  private static void run(String name, BenchOptions options, Report report) throws Exception {
    switch (name) {
      case "a" -> new CallBench(options, report).run();
      case "b" -> new GarbageBench(options, report).run();
      case "keepalive" -> new KeepaliveBench(options, report).run();
      case "upload" -> new UploadBench(options, report).run();
      case "list" -> new ListBench(options, report).run();
      case "s3" -> new S3Bench(options, report).run();
      case "prepare" -> new PrepareBench(options, report).run();
      case "import" -> new ImportBench(options, report).run();
      case "membership" -> new MembershipBench(options, report).run();
      case "join" -> new JoinBench(options, report).run();
      case "backup" -> new BackupBench(options, report).run();
      case "failover" -> new FailoverBench(options, report).run();
      default -> throw new IllegalArgumentException(name);
    }
  }
}
