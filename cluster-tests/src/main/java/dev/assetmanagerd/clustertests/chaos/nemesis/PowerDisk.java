package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.network.OwnedNames;
import dev.assetmanagerd.clustertests.network.Shell;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A file system in a file, that can lose its power: what was not synced is gone then, as it would
 * be with a machine's. Takes root and xfsprogs. Losing power and closing belong to one thread.
 */
public final class PowerDisk implements AutoCloseable {
  private static final long BYTES = 1L << 30;
  private static final String SUFFIX = ".img";

  private final Path image;
  private final Path mountPoint;
  private final ReadWriteLock power = new ReentrantReadWriteLock();

  private PowerDisk(Path image, Path mountPoint) {
    this.image = image;
    this.mountPoint = mountPoint;
  }

  /**
   * Makes and mounts one.
   *
   * @param directory for the file that it is in
   */
  public static PowerDisk mount(Path directory, Path mountPoint) throws IOException {
    Files.createDirectories(mountPoint);
    Path image = directory.resolve(OwnedNames.next() + SUFFIX);
    var disk = new PowerDisk(image, mountPoint);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(BYTES); // sparse
      run("mkfs.xfs", "-q", "-m", "reflink=1", image.toString());
      disk.mount();
      return disk;
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(image);
      throw e;
    }
  }

  private void mount() {
    run("mount", "-o", "loop", image.toString(), mountPoint.toString());
  }

  /** To be held by who looks at what is on it from outside of the nodes. */
  public Lock reading() {
    return power.readLock();
  }

  /**
   * Loses power, and has it back as after a boot, whatever happens in between; what was not on it
   * then never will be.
   *
   * @param off done while nothing reaches it; has to end all who have files open there
   */
  void lose(Runnable off) {
    power.writeLock().lock();
    try {
      run("xfs_io", "-x", "-c", "shutdown", mountPoint.toString());
      try {
        off.run();
      } finally {
        run("umount", mountPoint.toString());
        mount();
      }
    } finally {
      power.writeLock().unlock();
    }
  }

  /** Takes it away, with all that is on it. */
  @Override
  public void close() throws IOException {
    Shell.tryRun(List.of("umount", "-l", mountPoint.toString()));
    Files.deleteIfExists(image);
  }

  private static void run(String... command) {
    String unused = Shell.run(List.of(command));
  }
}
