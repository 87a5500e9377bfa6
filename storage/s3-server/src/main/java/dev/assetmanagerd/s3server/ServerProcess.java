package dev.assetmanagerd.s3server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A server as a process, with a directory of its own that goes with it. */
final class ServerProcess implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(20);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

  private final Process process;
  private final Path directory;

  private ServerProcess(Process process, Path directory) {
    this.process = process;
    this.directory = directory;
  }

  /**
   * Starts it.
   *
   * @param directory its own, deleted when it is closed
   * @param classPathResource what the build has found to be its class path
   */
  static ServerProcess start(
      Path directory,
      List<String> jvmArguments,
      String classPathResource,
      String mainClass,
      List<String> args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmArguments);
    command.add("-XX:-UsePerfData");
    command.add("-Djava.io.tmpdir=" + directory);
    command.addAll(List.of("-cp", ownClasses() + ":" + resource(classPathResource)));
    command.addAll(List.of(ChildMain.class.getName(), mainClass));
    command.addAll(args);
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log(directory).toFile())
            .start();
    return new ServerProcess(process, directory);
  }

  /** Waits for a line in the log that matches; group 1 of it. */
  String awaitLine(Pattern line, Duration timeout) throws IOException {
    long end = System.nanoTime() + timeout.toNanos();
    while (true) {
      Optional<String> found = find(line);
      if (found.isPresent()) {
        return found.get();
      }
      if (exited(POLL) || System.nanoTime() - end > 0) {
        String log = Files.readString(log(directory), UTF_8);
        close();
        throw new IOException("the S3 server did not start; its log:\n" + log);
      }
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      if (!exited(STOP_LIMIT)) {
        throw new IllegalStateException("process " + process.pid() + " cannot be killed");
      }
      deleteTree(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<String> find(Pattern line) throws IOException {
    Matcher matcher = line.matcher(Files.readString(log(directory), UTF_8));
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private boolean exited(Duration within) throws IOException {
    try {
      return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the S3 server", e);
    }
  }

  private static Path log(Path directory) {
    return directory.resolve("server.log");
  }

  private static Path ownClasses() throws IOException {
    try {
      return Path.of(
          ServerProcess.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ServerProcess.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is missing; the build makes it at generate-resources");
      }
      return new String(in.readAllBytes(), UTF_8).strip();
    }
  }

  private static void deleteTree(Path root) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
