package dev.assetmanagerd.storage.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A file system made for one test, which takes root. Where it cannot be had, the test is skipped
 * with the reason. Closing unmounts it.
 */
public final class ScratchFileSystem implements AutoCloseable {
  private final Path image;
  private final Path directory;
  private boolean mounted;

  private ScratchFileSystem(Path temp) throws IOException {
    this(temp.resolve("image"), Files.createDirectory(temp.resolve("mnt")));
  }

  private ScratchFileSystem(Path image, Path directory) {
    this.image = image;
    this.directory = directory;
  }

  /** XFS in a file, with reflinks. */
  public static ScratchFileSystem xfs(Path temp) throws Exception {
    ScratchFileSystem made = new ScratchFileSystem(temp);
    assumeTrue(run("truncate", "-s", "320M", made.image.toString()), "needs truncate");
    assumeTrue(run("mkfs.xfs", "-q", "-m", "reflink=1", made.image.toString()), "needs mkfs.xfs");
    made.mountImage();
    return made;
  }

  /**
   * A file system in memory.
   *
   * @param options like {@code size=1m,ro}
   */
  public static ScratchFileSystem tmpfs(Path temp, String options) throws Exception {
    ScratchFileSystem made = new ScratchFileSystem(temp);
    made.mounted = run("mount", "-t", "tmpfs", "-o", options, "none", made.directory.toString());
    assumeTrue(made.mounted, "needs root");
    return made;
  }

  /** A file system in memory, mounted at a directory that is there. */
  public static ScratchFileSystem tmpfsAt(Path directory, String options) {
    ScratchFileSystem made = new ScratchFileSystem(directory, directory);
    made.mounted = run("mount", "-t", "tmpfs", "-o", options, "none", directory.toString());
    assumeTrue(made.mounted, "needs root");
    return made;
  }

  /** Where it is mounted. */
  public Path directory() {
    return directory;
  }

  /** Lets everything that writes hang, until it is thawed. */
  public void freeze() {
    assumeTrue(run("fsfreeze", "--freeze", directory.toString()), "needs fsfreeze");
  }

  /** Lets it go on. */
  public void thaw() throws IOException {
    if (!run("fsfreeze", "--unfreeze", directory.toString())) {
      throw new IOException("cannot thaw " + directory);
    }
  }

  /** Drops everything that was not flushed, as a power loss does, and mounts it again. */
  public void losePower() throws Exception {
    assumeTrue(run("xfs_io", "-x", "-c", "shutdown", directory.toString()), "needs xfs_io");
    close();
    mountImage();
  }

  private void mountImage() throws Exception {
    mounted = run("mount", "-o", "loop", image.toString(), directory.toString());
    assumeTrue(mounted, "needs root and loop devices");
  }

  @Override
  public void close() throws IOException {
    if (mounted && !run("umount", directory.toString())) {
      throw new IOException("cannot unmount " + directory);
    }
    mounted = false;
  }

  private static boolean run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean done = process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!done) {
        System.out.println(String.join(" ", command) + ": " + output);
      }
      return done;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (IOException e) {
      System.out.println(command[0] + ": " + e.getMessage());
      return false;
    }
  }
}
