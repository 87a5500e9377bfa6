package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.ChildProcess;
import dev.assetmanagerd.clustertests.ProcessMemory;
import dev.assetmanagerd.clustertests.ProductProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/** A command of the program in a process as small as the launcher makes it. */
final class MeasuredCommand {
  private static final List<String> LAUNCHER = List.of("-Xms16m", "-Xmx128m", "-XX:+UseSerialGC");
  private static final Duration POLL = Duration.ofMillis(20);

  private MeasuredCommand() {}

  /** What it took. */
  record Result(String output, double seconds, long peakBytes) {}

  /**
   * Runs one to its end, which has to be a good one.
   *
   * @param environment of a node, or empty
   * @param log gets what it prints
   */
  static Result run(
      Map<String, String> environment, Path log, Duration atMost, List<String> arguments) {
    List<String> command = new ArrayList<>(ProductProgram.command(arguments));
    command.addAll(1, LAUNCHER);
    long begin = System.nanoTime();
    long[] peak = {0};
    try (ChildProcess process = ChildProcess.start("command", command, environment, log)) {
      Awaitility.await(arguments + " ends")
          .atMost(atMost)
          .pollInterval(POLL)
          .until(() -> hasEnded(process, peak));
      double seconds = (System.nanoTime() - begin) / 1e9;
      String output = Files.readString(log);
      if (process.exitCode() != 0) {
        throw new IllegalStateException(
            arguments + " ended with " + process.exitCode() + ": " + output);
      }
      return new Result(output, seconds, peak[0]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean hasEnded(ChildProcess process, long[] peak) {
    try {
      peak[0] = Math.max(peak[0], new ProcessMemory(process.pid()).peakResidentBytes());
    } catch (IllegalStateException | UncheckedIOException e) {
      // It has ended in between, and has no memory any more.
    }
    return !process.isRunning();
  }
}
