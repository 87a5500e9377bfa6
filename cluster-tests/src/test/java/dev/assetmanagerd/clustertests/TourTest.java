package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.assetmanagerd.clustertests.network.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tour of the README runs as it is written: every {@code bash} block between the markers {@code
 * tour:start} and {@code tour:end}, in one shell that ends at the first command that fails.
 */
@Tag("cluster")
@Timeout(240)
final class TourTest {
  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Duration TOUR_MAX = Duration.ofMinutes(2);
  private static final Duration STOP_MAX = Duration.ofMinutes(1);
  private static final Pattern BLOCK =
      Pattern.compile("^```bash\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
  private static final List<Integer> PORTS =
      List.of(8083, 8183, 8283, 8084, 8184, 8284, 9467, 9567, 9667);

  @TempDir Path work;

  @Test
  void tourOfTheReadmeRunsAsWritten() throws IOException {
    assumeThat(PORTS).as("ports of the tour").allMatch(FreePorts::isFree);
    Files.writeString(work.resolve("tour.sh"), "set -eux -o pipefail\ncd " + work + "\n" + tour());
    launcher();
    Path devLog = work.resolve("dev.log");
    Path tourLog = work.resolve("tour.log");
    String inWork = "cd " + work + " && exec ";
    List<String> dev = List.of("bash", "-c", inWork + "./assetmanagerd dev");
    List<String> tour = List.of("bash", work.resolve("tour.sh").toString());
    try (ChildProcess nodes = ChildProcess.start("dev", dev, Map.of(), devLog)) {
      awaitReady(nodes, devLog);
      try (ChildProcess shell = ChildProcess.start("tour", tour, Map.of(), tourLog)) {
        assertThat(shell.await(TOUR_MAX)).as("tour ended\n%s", read(tourLog)).isTrue();
        assertThat(shell.exitCode()).as("%s\n%s", read(tourLog), read(devLog)).isZero();
      }
      nodes.terminate();
      assertThat(nodes.await(STOP_MAX)).as("dev stops\n%s", read(devLog)).isTrue();
    }
    assertThat(PORTS).as("ports after dev has stopped").allMatch(FreePorts::isFree);
  }

  /** Stands for the project's own launcher, which would build first and use its own .dev/. */
  private void launcher() throws IOException {
    String command = String.join(" ", ProductProgram.command(List.of()));
    Path launcher = work.resolve("assetmanagerd");
    Files.writeString(launcher, "#!/bin/sh\nexec " + command + " \"$@\"\n");
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
  }

  private static void awaitReady(ChildProcess dev, Path log) {
    org.awaitility.Awaitility.await("dev says ready")
        .atMost(Duration.ofSeconds(90))
        .until(
            () -> {
              assertThat(dev.isRunning()).as("dev runs\n%s", read(log)).isTrue();
              return read(log).contains("ready");
            });
  }

  private static String tour() throws IOException {
    String readme = Files.readString(PROJECT.resolve("README.md"));
    int start = readme.indexOf("<!-- tour:start -->");
    int end = readme.indexOf("<!-- tour:end -->");
    assertThat(start).as("README.md has the marker tour:start").isNotNegative();
    assertThat(end).as("README.md has the marker tour:end").isGreaterThan(start);
    StringBuilder script = new StringBuilder();
    Matcher blocks = BLOCK.matcher(readme.substring(start, end));
    while (blocks.find()) {
      script.append(blocks.group(1));
    }
    assertThat(script).as("bash blocks of the tour").isNotEmpty();
    return script.toString();
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
