package dev.assetmanagerd.dev;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a process, with three more below it. */
@Tag("cluster")
class DevCommandTest {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration STOP = Duration.ofMinutes(1);

  private final Path directory;
  private final int apiPort;
  private final int metricsPort;
  private final List<Process> started = new ArrayList<>();
  private List<ProcessHandle> nodes = List.of();

  DevCommandTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    apiPort = freeBase(20_000, 2);
    metricsPort = freeBase(25_000, 1);
  }

  @AfterEach
  void stopAll() {
    nodes.forEach(ProcessHandle::destroyForcibly);
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void threeNodesGetReadyServeAndStopWhenTold() throws Exception {
    Process dev = startReady();

    for (int step = 0; step < 3; step++) {
      assertThat(get(apiPort + 100 * step, "/readyz")).isEqualTo("ok\n");
      assertThat(get(metricsPort + 100 * step, "/health")).contains("\"node_id\":\"n" + (step + 1));
    }
    dev.destroy();

    assertThat(dev.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)).as(output()).isTrue();
    assertThat(dev.exitValue()).as(output()).isZero();
    assertThat(nodes).noneMatch(ProcessHandle::isAlive);
  }

  @Test
  void noNodeOutlivesACommandThatIsKilled() throws Exception {
    Process dev = startReady();

    dev.destroyForcibly();

    Awaitility.await()
        .atMost(STOP)
        .untilAsserted(() -> assertThat(nodes).noneMatch(ProcessHandle::isAlive));
  }

  @Test
  void aNodeThatDiesIsReportedAndTheOthersGoOn() throws Exception {
    startReady();

    nodes.get(0).destroyForcibly();

    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(output()).contains("has ended with exit code 137"));
    assertThat(nodes.stream().filter(ProcessHandle::isAlive)).hasSize(2);
  }

  @Test
  void aPortThatIsTakenIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), apiPort + 101));

      Process dev = start();

      assertThat(dev.waitFor(START.toSeconds(), TimeUnit.SECONDS)).as(output()).isTrue();
      assertThat(dev.exitValue()).isEqualTo(1);
      assertThat(output()).contains("ports are in use").contains((apiPort + 101) + " (Raft of n2)");
    }
  }

  private Process startReady() throws IOException {
    Process dev = start();
    Awaitility.await()
        .atMost(START)
        .untilAsserted(
            () -> {
              assertThat(dev.isAlive()).as(output()).isTrue();
              assertThat(output()).contains("ready after");
            });
    nodes = dev.children().toList();
    assertThat(nodes).hasSize(3);
    return dev;
  }

  private Process start() throws IOException {
    Process dev =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-Dassetmanagerd.node.jvm=-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.assetmanagerd.server.Main",
                "dev",
                "--dir",
                directory.resolve("cluster").toString(),
                "--port",
                Integer.toString(apiPort),
                "--metrics-port",
                Integer.toString(metricsPort))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    started.add(dev);
    return dev;
  }

  private String output() throws IOException {
    return Files.readString(directory.resolve("output"));
  }

  private static String get(int port, String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(20))
                .build(),
            BodyHandlers.ofString())
        .body();
  }

  /** A port with free ones 100 and 200 above it, and as many in a row at each. */
  private static int freeBase(int from, int inARow) {
    for (int base = from; base < from + 99; base += inARow) {
      boolean free = true;
      for (int step = 0; step < 3; step++) {
        for (int i = 0; i < inARow; i++) {
          free &= isFree(base + 100 * step + i);
        }
      }
      if (free) {
        return base;
      }
    }
    throw new AssertionError("no free ports from " + from);
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
