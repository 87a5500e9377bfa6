package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StepGuard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A file that is written once, every call for it being a step of its own. For one thread at a time,
 * but that any may delete it.
 */
final class SteppedFile {
  private final Path path;
  private final FileChannel channel;
  private final StepGuard guard;
  private final long maxUnflushedBytes;
  private long unflushedBytes;

  SteppedFile(IoSteps steps, Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
    this.guard = new StepGuard(steps, "delete " + path, this::remove);
    this.maxUnflushedBytes = steps.maxUnflushedBytes();
  }

  /** Makes the file, which must not exist, readable and writable by its owner alone. */
  static SteppedFile create(IoSteps steps, Path path) throws IOException {
    return steps.run(
        "create a file",
        () ->
            new SteppedFile(
                steps,
                path,
                FileChannel.open(
                    path,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString("rw-------")))),
        SteppedFile::delete);
  }

  Path path() {
    return path;
  }

  /**
   * Writes all of it. When this throws, the bytes may still be read by a step that hangs; do not
   * use their buffer again.
   */
  void write(ByteBuffer data) throws IOException {
    long more = data.remaining();
    guard.stepAction(
        "write",
        () -> {
          while (data.hasRemaining()) {
            channel.write(data);
          }
        });
    unflushedBytes += more;
    if (unflushedBytes >= maxUnflushedBytes) {
      flush();
    }
  }

  /** Has everything that was written on the disk. */
  void flush() throws IOException {
    guard.stepAction("flush a file", () -> channel.force(true));
    unflushedBytes = 0;
  }

  /** Closes the file, which stays; its size. */
  long finish() throws IOException {
    return guard.step(
        "close a file",
        () -> {
          channel.close();
          return Files.size(path);
        });
  }

  /** Closes and deletes it, as soon as no step is at it any more. May be called again. */
  void delete() {
    guard.close();
  }

  private void remove() throws IOException {
    try {
      channel.close();
    } finally {
      Files.deleteIfExists(path);
    }
  }
}
