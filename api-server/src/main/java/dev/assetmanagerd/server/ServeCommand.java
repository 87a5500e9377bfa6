package dev.assetmanagerd.server;

import dev.assetmanagerd.config.ConfigText;
import dev.assetmanagerd.config.ConfigurationException;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.ProcessEnvironment;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.process.Logging;
import dev.assetmanagerd.process.ParentProcess;
import dev.assetmanagerd.process.StopSignals;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Serves until it is told to stop, or cannot go on. Exit code 0 after an orderly stop, 2 when the
 * configuration is refused, 1 in all other cases.
 */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Runs a node of the cluster, configured by environment variables.")
final class ServeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ServeCommand.class);

  /** What a stop may take beyond the time that calls in flight are given. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(20);

  /** Directory of {@link FailPoints}; never set where anybody depends on the node. */
  private static final String FAIL_POINTS = "assetmanagerd.failpoints";

  @Option(
      names = "--exit-with-parent",
      paramLabel = "PID",
      hidden = true,
      description = "Stop when this process, which started this one, is gone.")
  private long parent;

  /** Why the node has to stop, and what the process then exits with. */
  private record Stop(String reason, int exitCode) {}

  @Override
  public Integer call() {
    Map<String, String> environment = ProcessEnvironment.variables();
    NodeConfig config;
    try {
      config = NodeConfig.read(environment);
    } catch (ConfigurationException e) {
      e.problems().forEach(problem -> System.err.println("assetmanagerd: " + problem));
      return Main.EXIT_REFUSED;
    }
    Logging.configure(config.logLevel().name());
    ConfigText.withoutEffect(environment).forEach(log::warn);
    FailPoints failPoints;
    try {
      failPoints = failPoints();
    } catch (IllegalArgumentException e) {
      System.err.println("assetmanagerd: -D" + FAIL_POINTS + ": " + e.getMessage());
      return Main.EXIT_REFUSED;
    }
    CompletableFuture<Stop> stop = toldToStop();
    haltIfNotStoppedIn(config.shutdownTimeout().plus(STOP_GRACE), stop);
    try (NodeServer node = NodeServer.start(config, failPoints, stop)) {
      var unused =
          node.terminated().thenAccept(reason -> stop.complete(new Stop(reason, Main.EXIT_FAILED)));
      return await(stop);
    } catch (StartException e) {
      if (stop.isDone()) {
        return await(stop);
      }
      log.error("cannot start: {}", e.getMessage());
      log.debug("cannot start", e);
      return Main.EXIT_FAILED;
    } finally {
      log.info("stopped");
    }
  }

  private static FailPoints failPoints() {
    String directory = System.getProperty(FAIL_POINTS);
    if (directory == null) {
      return FailPoints.off();
    }
    FailPoints failPoints = FailPoints.in(Path.of(directory));
    log.warn("FAIL POINTS ARE ON: files in {} make this node fail; for tests only", directory);
    return failPoints;
  }

  private CompletableFuture<Stop> toldToStop() {
    CompletableFuture<Stop> stop = new CompletableFuture<>();
    var unused =
        StopSignals.first()
            .thenAccept(signal -> stop.complete(new Stop("told so by " + signal, 0)));
    if (parent != 0) {
      var unusedToo =
          ParentProcess.exit(parent)
              .thenAccept(gone -> stop.complete(new Stop("the parent process is gone", 0)));
    }
    return stop;
  }

  private static int await(CompletableFuture<Stop> stop) {
    Stop reason = stop.join();
    if (reason.exitCode() == 0) {
      log.info("stopping: {}", reason.reason());
    } else {
      log.error("stopping: {}", reason.reason());
    }
    return reason.exitCode();
  }

  /** Whatever hangs, also while starting, the process is gone by then. */
  private static void haltIfNotStoppedIn(Duration bound, CompletableFuture<Stop> stop) {
    var unused =
        stop.thenAcceptAsync(
            reason -> {
              log.error("not stopped after {} s; giving up", bound.toSeconds());
              Runtime.getRuntime().halt(Main.EXIT_FAILED);
            },
            CompletableFuture.delayedExecutor(bound.toMillis(), TimeUnit.MILLISECONDS));
  }
}
