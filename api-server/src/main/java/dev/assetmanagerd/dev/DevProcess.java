package dev.assetmanagerd.dev;

import com.google.common.base.Splitter;
import dev.assetmanagerd.config.ProcessEnvironment;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A node of a development cluster as a process. */
final class DevProcess {
  private static final Duration ASK_TIMEOUT = Duration.ofSeconds(2);
  private static final int LOG_TAIL_BYTES = 4000;

  /** Where the launcher leaves the flags that a node's JVM is to have. */
  private static final String JVM_FLAGS = "assetmanagerd.node.jvm";

  private final DevNode node;
  private final Process process;

  private DevProcess(DevNode node, Process process) {
    this.node = node;
    this.process = process;
  }

  /**
   * Starts the process with this one's Java and class path. It ends when this one does.
   *
   * @param all nodes of the cluster
   */
  static DevProcess start(DevNode node, List<DevNode> all, String mainClass) throws IOException {
    Files.createDirectories(node.directory());
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Splitter.on(' ')
        .omitEmptyStrings()
        .split(System.getProperty(JVM_FLAGS, ""))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass, "serve"));
    command.addAll(List.of("--exit-with-parent", Long.toString(ProcessHandle.current().pid())));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(node.log().toFile()));
    Map<String, String> environment =
        ProcessEnvironment.with(ProcessEnvironment.variables(), node.settings(all));
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    return new DevProcess(node, process);
  }

  DevNode node() {
    return node;
  }

  Process process() {
    return process;
  }

  /** Why the node is not ready; empty when it is. Waits two seconds for the answer at most. */
  Optional<String> notReady(HttpClient http) throws InterruptedException {
    if (!process.isAlive()) {
      return Optional.of("has ended with exit code " + process.exitValue());
    }
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(node.apiUrl() + "/readyz")).timeout(ASK_TIMEOUT).build();
    try {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      return answer.statusCode() == 200 ? Optional.empty() : Optional.of(answer.body().strip());
    } catch (IOException e) {
      return Optional.of("does not answer yet");
    }
  }

  /** The last lines of its log. */
  String logTail() {
    try (RandomAccessFile log = new RandomAccessFile(node.log().toFile(), "r")) {
      log.seek(Math.max(0, log.length() - LOG_TAIL_BYTES));
      byte[] tail = new byte[Math.toIntExact(Math.min(LOG_TAIL_BYTES, log.length()))];
      log.readFully(tail);
      String text = new String(tail, StandardCharsets.UTF_8).stripTrailing();
      return tail.length < LOG_TAIL_BYTES ? text : text.substring(text.indexOf('\n') + 1);
    } catch (IOException e) {
      return "(" + node.log() + ": " + e.getMessage() + ")";
    }
  }
}
