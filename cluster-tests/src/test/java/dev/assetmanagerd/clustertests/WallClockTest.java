package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What tests with wall clocks of their own rest on. */
@Tag("cluster")
final class WallClockTest {
  /** A spurious wake-up is possible, but not all the time. */
  private static final long SHORTEST_WAIT_MS = ClockProbe.WAIT_MS - 5;

  @TempDir Path directory;

  @Test
  void aClockIsSetWhileTheProcessRunsAndItsTimedWaitsGoOnUndisturbed() {
    Optional<Path> library = WallClock.library();
    assumeThat(library).as("libfaketime, of Debian's package faketime").isPresent();
    WallClock clock = new WallClock(directory.resolve("clock"));
    clock.set(Duration.ofHours(3));
    List<String> command = new ArrayList<>(List.of(ProductProgram.java(), "-XX:-UsePerfData"));
    command.addAll(List.of("-cp", ProductProgram.classPath(), ClockProbe.class.getName()));

    try (ChildProcess process =
        ChildProcess.start(
            "clock probe", command, clock.environment(library.orElseThrow()), log())) {
      awaitOffset(process, Duration.ofHours(3));
      clock.set(Duration.ofHours(-5));
      awaitOffset(process, Duration.ofHours(-5));
      clock.set(Duration.ofDays(3650));
      awaitOffset(process, Duration.ofDays(3650));
      clock.set(Duration.ZERO);
      awaitOffset(process, Duration.ZERO);
    }

    assertThat(last()[1]).as("shortest timed wait, ms").isGreaterThanOrEqualTo(SHORTEST_WAIT_MS);
  }

  private void awaitOffset(ChildProcess process, Duration offset) {
    await("the process's clock is off by " + offset)
        .atMost(Duration.ofSeconds(30))
        .failFast("the process has ended", () -> !process.isRunning())
        .until(
            () -> {
              long expected = Instant.now().plus(offset).getEpochSecond();
              return Math.abs(last()[0] - expected) < 10;
            });
  }

  /** The last complete line: Unix seconds, milliseconds. */
  private long[] last() {
    try {
      String text = Files.exists(log()) ? Files.readString(log()) : "";
      String complete = text.substring(0, text.lastIndexOf('\n') + 1).strip();
      String[] fields = complete.substring(complete.lastIndexOf('\n') + 1).split(" ", -1);
      return fields.length < 2
          ? new long[] {Long.MIN_VALUE / 2, 0}
          : new long[] {Long.parseLong(fields[0]), Long.parseLong(fields[1])};
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Path log() {
    return directory.resolve("probe.log");
  }
}
