package dev.assetmanagerd.dev;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.assetmanagerd.process.StopSignals;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a cluster on this machine until it is told to stop. */
@Command(
    name = "dev",
    mixinStandardHelpOptions = true,
    description = "Runs a cluster of local processes for development; Ctrl-C stops it.")
public final class DevCommand implements Callable<Integer> {
  private static final Set<Integer> SIZES = Set.of(1, 3, 5);

  private final String mainClass;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--nodes",
      defaultValue = "3",
      paramLabel = "1|3|5",
      description = "How many nodes. Default: ${DEFAULT-VALUE}.")
  private int nodes;

  @Option(
      names = "--dir",
      defaultValue = ".dev",
      description = "Where the cluster keeps everything. Default: ${DEFAULT-VALUE}.")
  private Path directory = Path.of(".dev");

  @Option(names = "--fresh", description = "Deletes what an earlier cluster left there first.")
  private boolean fresh;

  @Option(
      names = "--port",
      defaultValue = "8083",
      paramLabel = "PORT",
      description =
          "API port of the first node, Raft on the next; other nodes in steps of 100. Default:"
              + " ${DEFAULT-VALUE}.")
  private int apiPort;

  @Option(
      names = "--metrics-port",
      defaultValue = "9467",
      paramLabel = "PORT",
      description =
          "Metrics port of the first node, others in steps of 100. Default: ${DEFAULT-VALUE}.")
  private int metricsPort;

  @Option(
      names = "--builderd",
      paramLabel = "URL",
      description = "Where missing images are built. Default: nowhere.")
  private @Nullable String builderd;

  @Option(
      names = "--ready-timeout",
      defaultValue = "120",
      paramLabel = "SECONDS",
      description = "How long the nodes may take to get ready. Default: ${DEFAULT-VALUE}.")
  private int readyTimeoutSeconds;

  /**
   * @param mainClass of the program, for the processes of the nodes
   */
  public DevCommand(String mainClass) {
    this.mainClass = mainClass;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!SIZES.contains(nodes)) {
      throw new ParameterException(spec.commandLine(), "--nodes has to be 1, 3 or 5, not " + nodes);
    }
    Path cluster = directory.toAbsolutePath().normalize();
    List<DevNode> members =
        DevNode.all(nodes, cluster, apiPort, metricsPort, Optional.ofNullable(builderd));
    try (DevCluster running = new DevCluster(members, mainClass, err(), System::nanoTime)) {
      List<String> inUse = running.portsInUse();
      if (!inUse.isEmpty()) {
        return failed("ports are in use on this machine: " + String.join(", ", inUse));
      }
      if (!prepareDirectory(members)) {
        return CommandLine.ExitCode.SOFTWARE;
      }
      CompletableFuture<String> signal = StopSignals.first();
      running.start();
      return run(running, signal);
    }
  }

  private int run(DevCluster running, CompletableFuture<String> signal)
      throws InterruptedException {
    long start = System.nanoTime();
    out().printf("starting %d node%s in %s%n", nodes, nodes == 1 ? "" : "s", directory);
    out().flush();
    List<String> notReady =
        running.awaitReady(Duration.ofSeconds(readyTimeoutSeconds), signal::isDone);
    if (!notReady.isEmpty() && !signal.isDone()) {
      return failed("the cluster did not get ready: " + String.join("; ", notReady));
    }
    if (notReady.isEmpty()) {
      welcome(running, Duration.ofNanos(System.nanoTime() - start));
      CompletableFuture.anyOf(signal, running.allEnded()).join();
    }
    if (!signal.isDone()) {
      return failed("no node is left");
    }
    out().println("stopping");
    out().flush();
    return CommandLine.ExitCode.OK;
  }

  private void welcome(DevCluster running, Duration took) {
    PrintWriter out = out();
    for (DevProcess process : running.processes()) {
      DevNode node = process.node();
      out.printf(
          "  %s  %s  metrics http://127.0.0.1:%d/metrics  pid %d  log %s%n",
          node.id(), node.apiUrl(), node.metricsPort(), process.process().pid(), node.log());
    }
    DevNode first = running.processes().get(0).node();
    out.printf(
        "  blobs in %s, VM directories allowed under %s%n",
        DevNode.blobs(first.cluster()), DevNode.jails(first.cluster()));
    out.printf("ready after %.1f s; Ctrl-C stops all nodes. Try:%n%n", took.toMillis() / 1000.0);
    out.printf(
        "  curl -s %s/asset.v1.AssetManagerService/ListAssets -H 'Content-Type: application/json'"
            + " -d '{}'%n%n",
        first.apiUrl());
    out.flush();
  }

  /** Nodes know their peers from the start, so a cluster of another size cannot go on here. */
  private boolean prepareDirectory(List<DevNode> members) throws IOException {
    Path cluster = members.get(0).cluster();
    if (fresh && Files.exists(cluster)) {
      if (!looksLikeOurs(cluster)) {
        err().println(cluster + " holds something else than a development cluster; not deleted");
        return false;
      }
      MoreFiles.deleteRecursively(cluster, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    Files.createDirectories(cluster);
    Path size = cluster.resolve("nodes");
    String expected = Integer.toString(nodes);
    if (Files.exists(size) && !Files.readString(size).strip().equals(expected)) {
      err()
          .printf(
              "%s holds a cluster of %s nodes; use --nodes %s, another --dir, or --fresh%n",
              cluster, Files.readString(size).strip(), Files.readString(size).strip());
      return false;
    }
    Files.writeString(size, expected + "\n");
    return true;
  }

  private static boolean looksLikeOurs(Path cluster) throws IOException {
    try (var entries = Files.list(cluster)) {
      return Files.exists(cluster.resolve("nodes")) || entries.findAny().isEmpty();
    }
  }

  private int failed(String why) {
    err().println("assetmanagerd: " + why);
    err().flush();
    return CommandLine.ExitCode.SOFTWARE;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
