package dev.assetmanagerd.clustertests.olddaemon;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.assetmanagerd.clustertests.ChildProcess;
import dev.assetmanagerd.clustertests.Node;
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
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** {@code assetmanagerd import} in a process of its own, as small as the launcher makes it. */
public final class ImportProcess implements AutoCloseable {
  private static final List<String> LAUNCHER = List.of("-Xms16m", "-Xmx128m", "-XX:+UseSerialGC");
  private static final Duration POLL = Duration.ofMillis(50);

  private final ChildProcess process;
  private final Path output;
  private long peakBytes;

  private ImportProcess(ChildProcess process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts an import through any of some nodes.
   *
   * @param output the summary, and errors, go here
   * @param more arguments
   */
  public static ImportProcess start(Path database, List<Node> nodes, Path output, String... more) {
    List<String> arguments = new ArrayList<>(List.of("import", database.toString(), "-ojson"));
    arguments.add(
        "--endpoint=" + nodes.stream().map(Node::apiAddress).collect(Collectors.joining(",")));
    arguments.addAll(List.of(more));
    List<String> command = new ArrayList<>(ProductProgram.command(arguments));
    command.addAll(1, LAUNCHER);
    return new ImportProcess(ChildProcess.start("import", command, Map.of(), output), output);
  }

  /** What it did. */
  public record Result(int exitCode, String output, long peakBytes) {
    /** The summary; fails with what was printed where there is none. */
    public JsonObject summary() {
      try {
        return JsonParser.parseString(output).getAsJsonObject();
      } catch (IllegalStateException | JsonParseException e) {
        throw new AssertionError("exit code " + exitCode + ": " + output, e);
      }
    }

    /** One of the summary's counts, such as {@code assets}, {@code imported}. */
    public long count(String table, String what) {
      return summary().getAsJsonObject(table).get(what).getAsLong();
    }
  }

  /** Waits for its end. */
  public Result await(Duration atMost) {
    Awaitility.await("the import ends").atMost(atMost).pollInterval(POLL).until(this::hasEnded);
    try {
      return new Result(process.exitCode(), Files.readString(output), peakBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean hasEnded() {
    if (!process.isRunning()) {
      return true;
    }
    try {
      peakBytes = Math.max(peakBytes, new ProcessMemory(process.pid()).peakResidentBytes());
    } catch (IllegalStateException | UncheckedIOException e) {
      // It has ended in between, and has no memory any more.
    }
    return !process.isRunning();
  }

  @Override
  public void close() {
    process.close();
  }
}
