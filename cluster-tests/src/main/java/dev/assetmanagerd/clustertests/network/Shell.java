package dev.assetmanagerd.clustertests.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the tools that make networks, which end at once. Thread-safe. */
public final class Shell {
  private static final long END_SECONDS = 60;

  private Shell() {}

  /**
   * Runs a command whose arguments hold no blanks.
   *
   * @param commandLine its words, a blank between each two
   * @return what it printed
   * @throws IllegalStateException when it fails, with what it printed
   */
  public static String run(String commandLine) {
    return run(List.of(commandLine.split(" ")));
  }

  /** The same with words that may hold blanks. */
  public static String run(List<String> words) {
    return input("", words);
  }

  /** Runs a command that reads {@code input}. */
  static String input(String input, List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (var out = process.getOutputStream()) {
        out.write(input.getBytes(StandardCharsets.UTF_8));
      }
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException(command + " did not end");
      }
      if (process.exitValue() != 0) {
        throw new IllegalStateException(
            command + " ended with " + process.exitValue() + ": " + printed.strip());
      }
      return printed;
    } catch (IOException e) {
      throw new UncheckedIOException(command.toString(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The same as {@link #run(String)}, except that a failure is none. */
  static void tryRun(String commandLine) {
    tryRun(List.of(commandLine.split(" ")));
  }

  /** The same with words that may hold blanks. */
  public static void tryRun(List<String> words) {
    try {
      var unused = run(words);
    } catch (IllegalStateException ignored) {
      // wanted: what is to be taken away may be gone
    }
  }
}
