package dev.assetmanagerd.clustertests.chaos.nemesis;

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
 * be with a machine's. Takes root and xfsprogs. Cutting and bringing back belong to one thread.
 */
public final class PowerDisk implements AutoCloseable {
  private static final long BYTES = 1L << 30;

  private final Path image;
  private final Path mountPoint;
  private final ReadWriteLock power = new ReentrantReadWriteLock();

  private PowerDisk(Path image, Path mountPoint) {
    this.image = image;
    this.mountPoint = mountPoint;
  }

  /** Makes and mounts one. */
  public static PowerDisk mount(Path image, Path mountPoint) throws IOException {
    Files.createDirectories(mountPoint);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(BYTES); // sparse
    }
    run("mkfs.xfs", "-q", "-m", "reflink=1", image.toString());
    var disk = new PowerDisk(image, mountPoint);
    disk.mount();
    return disk;
  }

  private void mount() {
    run("mount", "-o", "loop", image.toString(), mountPoint.toString());
  }

  /** To be held by who looks at what is on it from outside of the nodes. */
  public Lock reading() {
    return power.readLock();
  }

  /**
   * From now on nothing reaches it, and what is not on it never will. To be brought back by the
   * same thread.
   */
  void cutPower() {
    power.writeLock().lock();
    run("xfs_io", "-x", "-c", "shutdown", mountPoint.toString());
  }

  /** As after a boot. Nobody may have files open there. */
  void bringBack() {
    try {
      run("umount", mountPoint.toString());
      mount();
    } finally {
      power.writeLock().unlock();
    }
  }

  @Override
  public void close() throws IOException {
    run("umount", "-l", mountPoint.toString());
    Files.deleteIfExists(image);
  }

  private static void run(String... command) {
    String unused = Shell.run(List.of(command));
  }
}
