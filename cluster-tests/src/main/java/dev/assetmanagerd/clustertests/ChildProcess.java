package dev.assetmanagerd.clustertests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process that does not outlive this JVM, however this JVM ends.
 *
 * <p>Beside each child runs a shell that waits for the end of its own input, which is a pipe from
 * here: when this JVM dies, even by SIGKILL, the pipe closes and the shell kills the child.
 *
 * <p>Not thread-safe.
 */
public final class ChildProcess implements AutoCloseable {
  private static final Duration KILL_MAX = Duration.ofSeconds(10);

  private final String name;
  private final Process process;
  private volatile boolean paused;

  private ChildProcess(String name, Process process) {
    this.name = name;
    this.process = process;
  }

  /**
   * Starts a program.
   *
   * @param name for messages
   * @param environment added to the variables of this JVM; variables of the product's own prefix
   *     are not inherited
   * @param log what the program prints is appended here
   * @throws UncheckedIOException when it cannot be started
   */
  public static ChildProcess start(
      String name, List<String> command, Map<String, String> environment, Path log) {
    try {
      Files.createDirectories(log.toAbsolutePath().getParent());
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(new java.io.File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder.environment().keySet().removeIf(key -> key.startsWith("UNKEY_ASSETMANAGERD_"));
      builder.environment().putAll(environment);
      Process process = builder.start();
      Process guard =
          new ProcessBuilder("sh", "-c", "cat >/dev/null; kill -9 " + process.pid())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      // The id may soon be another process's.
      var unused = process.onExit().thenRun(guard::destroyForcibly);
      return new ChildProcess(name, process);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + name + ": " + command, e);
    }
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether it still runs. */
  public boolean isRunning() {
    return process.isAlive();
  }

  /** SIGKILL; returns when the process is gone. */
  public void kill() {
    process.destroyForcibly();
    if (!await(KILL_MAX)) {
      throw new IllegalStateException(name + " (pid " + pid() + ") survived SIGKILL");
    }
  }

  /** SIGSTOP: it does nothing, and knows nothing of it, until {@link #resume}. */
  public void pause() {
    signal("STOP");
    paused = true;
  }

  /** SIGCONT. */
  public void resume() {
    paused = false;
    signal("CONT");
  }

  /** Whether it was stopped by {@link #pause} and has not been resumed. */
  public boolean isPaused() {
    return paused;
  }

  private void signal(String name) {
    try {
      Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start();
      if (kill.waitFor() != 0) {
        throw new IllegalStateException(this.name + " (pid " + pid() + ") took no SIG" + name);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** SIGTERM; returns at once. */
  public void terminate() {
    process.destroy();
  }

  /** Waits for its end; false when it still runs after {@code timeout}. */
  public boolean await(Duration timeout) {
    try {
      return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + name, e);
    }
  }

  /** Its exit code; 128 + n when signal n ended it. */
  public int exitCode() {
    return process.exitValue();
  }

  /** Same as {@link #kill}, and nothing when it has ended. */
  @Override
  public void close() {
    kill();
  }
}
