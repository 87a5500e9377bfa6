package dev.assetmanagerd.storage.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A process of its own that writes to a placed file, as a VM does; see {@link GuestMain}. */
public final class Guest implements AutoCloseable {
  private final Process process;
  private final PrintStream orders;
  private final BufferedReader answers;

  private Guest(Process process) {
    this.process = process;
    this.orders = new PrintStream(process.getOutputStream(), true, UTF_8);
    this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  /** A guest of this process's own user. */
  public static Guest start(Path file, int bytes) throws IOException {
    return start(List.of(), Path.of(System.getProperty("java.class.path")), file, bytes);
  }

  /**
   * A guest of another user, without any right that root has. Takes root and setpriv; without them,
   * the test is skipped.
   *
   * @param shared a directory that everybody may enter; gets a copy of the guest's program
   */
  public static Guest startAs(int uid, int gid, Path shared, Path file, int bytes)
      throws Exception {
    List<String> privileges =
        List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups", "--");
    List<String> probe = new ArrayList<>(privileges);
    probe.add("true");
    assumeTrue(succeeds(probe), "needs root and setpriv");
    return start(privileges, program(shared), file, bytes);
  }

  private static boolean succeeds(List<String> command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).inheritIO().start();
      return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Path program(Path shared) throws IOException {
    String name = GuestMain.class.getName().replace('.', '/') + ".class";
    Path directory = shared.resolve("program");
    Path file = directory.resolve(name);
    if (!Files.exists(file)) {
      Files.createDirectories(file.resolveSibling(""));
      try (InputStream code =
          Objects.requireNonNull(GuestMain.class.getResourceAsStream("GuestMain.class"))) {
        Files.copy(code, file);
      }
      for (Path path = file; !path.equals(shared); path = path.resolveSibling("")) {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
    return directory;
  }

  private static Guest start(List<String> before, Path classPath, Path file, int bytes)
      throws IOException {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
    command.addAll(List.of("-cp", classPath.toString(), GuestMain.class.getName()));
    command.addAll(List.of(file.toString(), Integer.toString(bytes)));
    return new Guest(
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /** Gives an order and waits for the answer: {@code done}, or {@code refused ...}. */
  public String order(String order) throws IOException {
    orders.println(order);
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the guest ended before it answered to " + order);
    }
    return answer;
  }

  /** Ends the process. */
  @Override
  public void close() throws IOException {
    orders.close();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
    answers.close();
  }
}
