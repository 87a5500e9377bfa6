package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.IoSteps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.concurrent.Executor;

/**
 * Takes the bytes of an upload once: they are counted, hashed and written to a file in one pass, in
 * constant memory.
 *
 * <p>Hashing happens in the caller's thread, writing in an executor's, so that a large upload costs
 * the slower of the two and not their sum. The caller is held back when the disk does not keep up.
 *
 * <p>For one thread at a time. A failed spool stays failed; close it.
 */
public final class Spool implements AutoCloseable {
  private final long limitBytes;
  private final SteppedFile file;
  private final WriteBehind writer;
  private final MessageDigest digest = Hashing.newSha256();
  private long sizeBytes;
  private boolean finished;

  private Spool(SteppedFile file, long limitBytes, Executor executor) {
    this.file = file;
    this.limitBytes = limitBytes;
    this.writer = new WriteBehind(file, executor);
  }

  /** Opens a spool that does all its work in the caller's thread. */
  public static Spool open(Path stagingDirectory, String nodeId, long limitBytes)
      throws IOException {
    return open(stagingDirectory, nodeId, limitBytes, Runnable::run);
  }

  /**
   * Opens a spool for files on their way into a store.
   *
   * @param store whose staging directory the file lies in, and whose steps touch it
   * @param nodeId of this node, so that what a crash leaves behind can be told and swept up
   * @param limitBytes the most it takes
   * @param executor runs the writes; each task ends by itself as soon as nothing waits to be
   *     written. Where its threads are limited, they must not be the ones that call this spool,
   *     which would wait for each other
   */
  public static Spool open(BlobWriter store, String nodeId, long limitBytes, Executor executor)
      throws IOException {
    return open(store.steps(), store.stagingDirectory(), nodeId, limitBytes, executor);
  }

  /** The same for a directory on a disk of this host, which must exist. */
  public static Spool open(Path stagingDirectory, String nodeId, long limitBytes, Executor executor)
      throws IOException {
    return open(IoSteps.DIRECT, stagingDirectory, nodeId, limitBytes, executor);
  }

  private static Spool open(
      IoSteps steps, Path directory, String nodeId, long limitBytes, Executor executor)
      throws IOException {
    if (limitBytes < 0) {
      throw new IllegalArgumentException("limit of " + limitBytes + " bytes");
    }
    Path file = directory.resolve(StagedName.next(nodeId));
    return new Spool(SteppedFile.create(steps, file), limitBytes, executor);
  }

  /**
   * Takes all that remains in the buffers. They may be used again when this returns.
   *
   * @throws BlobTooLargeException when it would be more than the limit; none of it is taken then
   */
  public void write(ByteBuffer... data) throws IOException {
    if (finished) {
      throw new IllegalStateException("the spool is finished");
    }
    long more = 0;
    for (ByteBuffer buffer : data) {
      more += buffer.remaining();
    }
    if (more > limitBytes - sizeBytes) {
      throw new BlobTooLargeException(limitBytes);
    }
    for (ByteBuffer buffer : data) {
      writer.append(buffer, digest);
    }
    sizeBytes += more;
  }

  /** Number of bytes taken so far. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Waits until everything is written and flushed to the disk. Nothing can be written after. */
  public SpooledFile finish() throws IOException {
    if (finished) {
      throw new IllegalStateException("the spool is finished");
    }
    finished = true;
    writer.finish();
    long found = file.finish();
    if (found != sizeBytes) {
      throw new IOException(
          file.path() + " has " + found + " bytes after writing " + sizeBytes + " to it");
    }
    return new SpooledFile(file.path(), sizeBytes, Hashing.finish(digest));
  }

  /**
   * Deletes the file, where a store has not taken it. May be called again. Where the file system
   * hangs, that is done when it no longer does, and nobody waits for it.
   */
  @Override
  public void close() {
    finished = true;
    file.delete(); // a write in another thread ends with an exception that nobody waits for
  }
}
