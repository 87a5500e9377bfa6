package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Node;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * {@code strace}, attached to one node's process, that makes system calls fail or last; what it did
 * is in a file beside the node's log. Belongs to one thread.
 */
final class Tracer implements AutoCloseable {
  private static final Duration ATTACH_MAX = Duration.ofSeconds(15);
  private static final Duration INJECT_MAX = Duration.ofSeconds(15);
  private static final Duration END_MAX = Duration.ofSeconds(30);
  private static final long POLL_MILLIS = 20;

  private final Node victim;
  private final long pid;
  private final Path log;
  private final Process process;

  private Tracer(Node victim, Path log, Process process) {
    this.victim = victim;
    this.pid = victim.pid();
    this.log = log;
    this.process = process;
  }

  /**
   * Starts it.
   *
   * @param calls names of system calls, with commas
   * @param how what happens to them, as {@code strace} has it behind {@code inject=}
   * @param paths files that it happens at; empty = all
   */
  static Tracer start(Node victim, String calls, String how, List<Path> paths) throws IOException {
    Path log = victim.logFile().resolveSibling("strace-" + System.nanoTime() + ".log");
    List<String> command =
        new ArrayList<>(List.of("strace", "-f", "-o", log.toString(), "-e", "trace=" + calls));
    paths.forEach(path -> command.addAll(List.of("-P", path.toString())));
    command.addAll(List.of("-e", "inject=" + calls + ":" + how));
    command.addAll(List.of("-p", Long.toString(victim.pid())));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.resolveSibling(log.getFileName() + ".said").toFile())
            .start();
    return new Tracer(victim, log, process);
  }

  /** Waits until it is attached; false when it does not get that far. */
  boolean awaitAttached() {
    return within(ATTACH_MAX, this::isAttached);
  }

  /** Waits until a system call has failed or was late; false when none is. */
  boolean awaitInjected() {
    return within(INJECT_MAX, () -> injected() > 0);
  }

  /** How many system calls have failed or were late so far. */
  long injected() {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
      return lines
          .filter(line -> line.endsWith("(INJECTED)") || line.endsWith("(DELAYED)"))
          .count();
    } catch (IOException notYet) {
      return 0;
    }
  }

  private boolean isAttached() {
    try (Stream<String> status = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return status.anyMatch(line -> line.matches("TracerPid:\\s+[1-9]\\d*"));
    } catch (IOException gone) {
      return injected() > 0;
    }
  }

  private boolean within(Duration most, BooleanSupplier condition) {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      // A node that has ended takes its tracer with it, and all is said in the file then.
      if (!process.isAlive() || !victim.isRunning() || System.nanoTime() - begin > most.toNanos()) {
        return condition.getAsBoolean();
      }
      pause();
    }
    return true;
  }

  private static void pause() {
    try {
      var unused = new CountDownLatch(1).await(POLL_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Lets the process go on as usual. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(END_MAX.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
