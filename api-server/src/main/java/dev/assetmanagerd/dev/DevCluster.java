package dev.assetmanagerd.dev;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** The processes of a development cluster. Used by one thread. */
final class DevCluster implements AutoCloseable {
  private static final Duration ASK_INTERVAL = Duration.ofMillis(100);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(40);
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(5);

  private final List<DevNode> nodes;
  private final String mainClass;
  private final PrintWriter err;
  private final LongSupplier nanoClock;
  private final List<DevProcess> processes = new ArrayList<>();
  private volatile boolean stopping;

  /**
   * @param mainClass of the program
   * @param err for news of nodes that end
   * @param nanoClock monotonic
   */
  DevCluster(List<DevNode> nodes, String mainClass, PrintWriter err, LongSupplier nanoClock) {
    this.nodes = List.copyOf(nodes);
    this.mainClass = mainClass;
    this.err = err;
    this.nanoClock = nanoClock;
  }

  /** A phrase for each port that another process holds. */
  List<String> portsInUse() {
    List<String> inUse = new ArrayList<>();
    for (DevNode node : nodes) {
      node.ports()
          .forEach(
              (purpose, port) -> {
                if (!free(port)) {
                  inUse.add("%d (%s of %s)".formatted(port, purpose, node.id()));
                }
              });
    }
    return inUse;
  }

  /** Starts all processes; they may not be ready then. */
  void start() throws IOException {
    for (DevNode node : nodes) {
      Files.createDirectories(DevNode.jails(node.cluster()));
      DevProcess process = DevProcess.start(node, nodes, mainClass);
      processes.add(process);
      var unused = process.process().onExit().thenAccept(ended -> report(process));
    }
  }

  /**
   * Waits until every node is ready.
   *
   * @param giveUp asked now and then
   * @return a phrase for each node that is not; empty when all are
   */
  List<String> awaitReady(Duration timeout, BooleanSupplier giveUp) throws InterruptedException {
    HttpClient http = HttpClient.newHttpClient();
    long deadline = nanoClock.getAsLong() + timeout.toNanos();
    while (true) {
      List<String> waiting = new ArrayList<>();
      boolean hopeless = giveUp.getAsBoolean();
      for (DevProcess process : processes) {
        Optional<String> why = process.notReady(http);
        why.ifPresent(reason -> waiting.add(process.node().id() + ": " + reason));
        hopeless |= !process.process().isAlive();
      }
      if (waiting.isEmpty() || hopeless || nanoClock.getAsLong() > deadline) {
        return waiting;
      }
      TimeUnit.MILLISECONDS.sleep(ASK_INTERVAL.toMillis());
    }
  }

  /** Completes when no node is left. */
  CompletableFuture<Void> allEnded() {
    return CompletableFuture.allOf(
        processes.stream()
            .map(process -> process.process().onExit())
            .toArray(CompletableFuture[]::new));
  }

  List<DevProcess> processes() {
    return processes;
  }

  /** Tells all nodes to stop and waits for it; kills those that do not. */
  @Override
  public void close() {
    stopping = true;
    processes.forEach(process -> process.process().destroy());
    if (endWithin(STOP_TIMEOUT)) {
      return;
    }
    processes.stream()
        .filter(process -> process.process().isAlive())
        .forEach(
            process -> {
              err.println(process.node().id() + " does not stop; killing it");
              err.flush();
              process.process().destroyForcibly();
            });
    var unused = endWithin(KILL_TIMEOUT);
  }

  private boolean endWithin(Duration timeout) {
    try {
      allEnded().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("waiting for a process failed", e);
    }
  }

  private void report(DevProcess ended) {
    if (stopping) {
      return;
    }
    synchronized (err) {
      err.printf(
          "%n%s has ended with exit code %d; the end of %s:%n%s%n",
          ended.node().id(), ended.process().exitValue(), ended.node().log(), ended.logTail());
      err.flush();
    }
  }

  private static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
