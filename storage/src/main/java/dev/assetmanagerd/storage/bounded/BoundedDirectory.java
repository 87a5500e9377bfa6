package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StepGuard;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Files of one's own under plain names, in a directory whose file system may hang: every call ends
 * in time, a large file being written and read in steps.
 *
 * <p>What hung and is done later does no harm as long as no name is used twice: a file that was
 * given up goes again.
 *
 * <p>Thread-safe; blocks.
 */
public final class BoundedDirectory {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}");
  private static final String PERMISSIONS = "rw-------";
  private static final int BUFFER_BYTES = 256 * 1024;

  private final Path directory;
  private final IoSteps steps;

  /**
   * @param directory must exist when it is used
   * @param steps do all the work in it; the caller closes them
   */
  public BoundedDirectory(Path directory, IoSteps steps) {
    this.directory = directory;
    this.steps = steps;
  }

  /**
   * Makes sure that files can be put there.
   *
   * @throws BlobStoreUnavailableException when the file system does not answer
   * @throws IOException when there is no such directory, or it cannot be written to
   */
  public void check() throws IOException {
    steps.runAction("look at the directory", this::requireWritable);
  }

  private void requireWritable() throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new NotDirectoryException(directory.toString());
    }
    if (!Files.isWritable(directory)) {
      throw new IOException(directory + " cannot be written to");
    }
  }

  /**
   * Copies a file there that nobody writes to any more; it is whole and durable when this returns,
   * or not to be seen.
   *
   * @param file on a disk of this host
   * @param name plain: letters, digits, dots, dashes, underscores; never used before
   */
  public void put(Path file, String name) throws IOException {
    Path target = target(name);
    Path partial = partial(target);
    boolean done = false;
    try {
      copy(file, partial);
      var unused = steps.run("publish a file", () -> publish(partial, target), this::withdraw);
      done = true;
    } finally {
      if (!done) {
        steps.cleanUp("delete a file", () -> Files.deleteIfExists(partial));
      }
    }
  }

  private Path publish(Path partial, Path target) throws IOException {
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.syncDirectory(directory);
    return target;
  }

  /** Whoever put it was told that it failed. */
  private void withdraw(Path target) {
    steps.cleanUp("delete a file", () -> Files.deleteIfExists(target));
  }

  private void copy(Path file, Path partial) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      check();
      Output out = Output.create(steps, partial);
      try {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        while (in.read(buffer) >= 0) {
          out.write(buffer.flip());
          buffer.clear();
        }
        out.flush();
      } finally {
        out.close();
      }
    }
  }

  /**
   * Opens one for reading. The caller closes it.
   *
   * @throws java.nio.file.NoSuchFileException when there is none
   */
  public InputStream open(String name) throws IOException {
    Path file = target(name);
    return Channels.newInputStream(
        BoundedChannel.open(
            steps, offset -> FileChannel.open(file, StandardOpenOption.READ).position(offset), 0));
  }

  /** Size of one; empty when there is none. */
  public OptionalLong size(String name) throws IOException {
    Path file = target(name);
    return steps.run(
        "look for a file",
        () -> Files.exists(file) ? OptionalLong.of(Files.size(file)) : OptionalLong.empty());
  }

  /** Deletes one, and what an interrupted {@link #put} of it has left; no error without any. */
  public void delete(String name) throws IOException {
    Path file = target(name);
    steps.runAction(
        "delete a file",
        () -> {
          requireWritable(); // a directory that is not mounted has no files either
          Files.deleteIfExists(partial(file));
          Files.deleteIfExists(file);
          DurableFiles.syncDirectory(directory);
        });
  }

  private Path target(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("\"" + name + "\" is no plain name");
    }
    return directory.resolve(name);
  }

  private static Path partial(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".partial");
  }

  /** A file that is written in steps, which have its buffer to themselves. For one thread. */
  private static final class Output {
    private final IoSteps steps;
    private final FileChannel channel;
    private final StepGuard guard;
    private long unflushed;

    private Output(IoSteps steps, FileChannel channel) {
      this.steps = steps;
      this.channel = channel;
      this.guard = new StepGuard(steps, "close a file", channel::close);
    }

    static Output create(IoSteps steps, Path file) throws IOException {
      return steps.run(
          "create a file", () -> new Output(steps, created(file)), late -> late.undo(file));
    }

    private static FileChannel created(Path file) throws IOException {
      Files.deleteIfExists(file);
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      try {
        DurableFiles.setPermissions(file, PERMISSIONS);
        return channel;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    }

    /**
     * Writes all of it.
     *
     * @param buffer not to be used again when this has thrown
     */
    void write(ByteBuffer buffer) throws IOException {
      int length = buffer.remaining();
      guard.stepAction(
          "write",
          () -> {
            while (buffer.hasRemaining()) {
              int written = channel.write(buffer);
              assert written >= 0;
            }
          });
      unflushed += length;
      if (unflushed >= steps.maxUnflushedBytes()) {
        flush();
      }
    }

    /** Nobody waited for it to be created, and whoever tidied up may not have found it. */
    private void undo(Path file) {
      close();
      steps.cleanUp("delete a file", () -> Files.deleteIfExists(file));
    }

    void flush() throws IOException {
      guard.stepAction("flush", () -> channel.force(true));
      unflushed = 0;
    }

    void close() {
      guard.close();
    }
  }
}
