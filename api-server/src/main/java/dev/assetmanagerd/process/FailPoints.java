package dev.assetmanagerd.process;

import java.nio.file.Path;

/**
 * Faults that a test has ordered at named steps of the program. Outside of tests there are none:
 * {@link #off()} does nothing. Thread-safe.
 *
 * <p>Call {@link #hit} from threads that may block, never from one that applies the log or serves
 * the network.
 */
public interface FailPoints {
  /**
   * Does at this step what is ordered for it: nothing, as a rule.
   *
   * @throws FailPointException when a failure is ordered, or when what is ordered cannot be
   *     understood or carried out
   */
  void hit(FailPoint point);

  /** No faults. */
  static FailPoints off() {
    return point -> {};
  }

  /**
   * Faults by files in a directory. A file named like a {@link FailPoint#id() fail point} orders by
   * its content what happens whenever that step is reached:
   *
   * <ul>
   *   <li>{@code halt}: the process ends at once, with exit code 137 as after SIGKILL
   *   <li>{@code pause}: the step waits until the file is gone, for ten minutes at most
   *   <li>{@code fail}: the step throws
   * </ul>
   *
   * <p>A file with {@code .hit} added to its name says that the step was reached; it is on disk
   * before anything happens. Put files there in one move, or half of their content may be read.
   *
   * @param directory exists; nothing in it but orders for known fail points and their marks
   * @throws IllegalArgumentException when the directory is missing or holds something unknown
   */
  static FailPoints in(Path directory) {
    return DirectoryFailPoints.open(directory);
  }
}
