package dev.assetmanagerd.server;

import dev.assetmanagerd.config.NodeConfig;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * That no other process is this node. Held from the very beginning to the very end: what a node
 * finds when it starts, such as the files of unfinished uploads, it takes for what it left itself,
 * and deletes. The operating system frees it when the process ends, however it ends.
 */
final class DataDirectoryLock implements AutoCloseable {
  private static final String VARIABLE = "UNKEY_ASSETMANAGERD_DATA_DIR";

  private final FileChannel channel;

  private DataDirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes it; makes the directory where it is missing.
   *
   * @throws StartException when another process has it, or the directory cannot be used
   */
  static DataDirectoryLock take(NodeConfig config) throws StartException {
    return take(config.cluster().dataDirectory());
  }

  static DataDirectoryLock take(Path directory) throws StartException {
    try {
      Files.createDirectories(directory);
      return new DataDirectoryLock(locked(directory));
    } catch (IOException e) {
      throw new StartException("%s (%s): %s".formatted(VARIABLE, directory, e), e);
    }
  }

  /** For whoever does something that nobody may do without it. */
  void requireHeld() {
    if (!channel.isOpen()) {
      throw new IllegalStateException("the lock of the data directory has been given back");
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static FileChannel locked(Path directory) throws IOException, StartException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean done = false;
    try {
      FileLock lock = tryLock(channel);
      done = lock != null;
    } finally {
      if (!done) {
        channel.close();
      }
    }
    if (!done) {
      throw new StartException(
          "%s (%s) is in use: another process runs this node, or one of the same directory"
              .formatted(VARIABLE, directory));
    }
    return channel;
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // this very process has it
    }
  }
}
