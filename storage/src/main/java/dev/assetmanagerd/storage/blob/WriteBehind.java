package dev.assetmanagerd.storage.blob;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes to a file in the background, through a few buffers of fixed size. One thread appends; at
 * most one task of the executor writes, and it ends as soon as nothing waits, so that an idle
 * upload holds no thread.
 */
final class WriteBehind {
  static final int BUFFER_BYTES = 256 * 1024;
  static final int MAX_BUFFERS = 8;

  /** A disk that takes nothing for so long is broken; the upload fails instead of hanging. */
  private static final long STALL_LIMIT_SECONDS = 120;

  /** Owned by one thread at a time: the appender's, a queue's, the writing task's. */
  private static final class Block {
    private final byte[] bytes = new byte[BUFFER_BYTES];
    private int used;
  }

  private final SteppedFile out;
  private final Executor executor;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition progress = lock.newCondition();

  @GuardedBy("lock")
  private final Queue<Block> full = new ArrayDeque<>();

  @GuardedBy("lock")
  private final Queue<Block> free = new ArrayDeque<>();

  @GuardedBy("lock")
  private int allocated;

  @GuardedBy("lock")
  private boolean writing;

  @GuardedBy("lock")
  private @Nullable Throwable failure;

  /** The appender's own. */
  private @Nullable Block current;

  WriteBehind(SteppedFile out, Executor executor) {
    this.out = out;
    this.executor = executor;
  }

  /** Takes what remains in the buffer and feeds it to the digest while it is in the CPU's cache. */
  void append(ByteBuffer data, MessageDigest digest) throws IOException {
    while (data.hasRemaining()) {
      Block block = current != null ? current : takeFree();
      current = block;
      int length = Math.min(BUFFER_BYTES - block.used, data.remaining());
      data.get(block.bytes, block.used, length);
      digest.update(block.bytes, block.used, length);
      block.used += length;
      if (block.used == BUFFER_BYTES) {
        handOver(block);
      }
    }
  }

  /** Writes what is left, waits for all of it and flushes the file. */
  void finish() throws IOException {
    if (current != null) {
      handOver(current);
    }
    lock.lock();
    try {
      while (writing) {
        awaitProgress();
      }
      throwFailure();
    } finally {
      lock.unlock();
    }
    out.flush();
  }

  private Block takeFree() throws IOException {
    lock.lock();
    try {
      throwFailure();
      while (free.isEmpty() && allocated == MAX_BUFFERS) {
        awaitProgress();
        throwFailure();
      }
      Block block = free.poll();
      if (block == null) {
        allocated++;
        block = new Block();
      }
      return block;
    } finally {
      lock.unlock();
    }
  }

  private void handOver(Block block) throws IOException {
    current = null;
    boolean start;
    lock.lock();
    try {
      throwFailure();
      full.add(block);
      start = !writing;
      writing = true;
    } finally {
      lock.unlock();
    }
    if (start) {
      startWriting();
    }
  }

  private void startWriting() throws IOException {
    try {
      executor.execute(this::writeAll);
    } catch (RejectedExecutionException e) {
      fail(e);
      throw new IOException("no thread to write the upload to disk", e);
    }
  }

  private void writeAll() {
    try {
      Block block = nextFull();
      while (block != null) {
        out.write(ByteBuffer.wrap(block.bytes, 0, block.used));
        block = recycle(block);
      }
    } catch (Throwable e) { // even an OutOfMemoryError must not leave the appender waiting
      fail(e);
    }
  }

  private @Nullable Block nextFull() {
    lock.lock();
    try {
      Block next = full.poll();
      if (next == null) {
        writing = false;
      }
      progress.signalAll();
      return next;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Block recycle(Block written) {
    written.used = 0;
    lock.lock();
    try {
      free.add(written);
      return nextFull();
    } finally {
      lock.unlock();
    }
  }

  private void fail(Throwable e) {
    lock.lock();
    try {
      failure = e;
      writing = false;
      full.clear();
      progress.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  @SuppressWarnings("WaitNotInLoop") // its callers loop
  private void awaitProgress() throws IOException {
    try {
      if (!progress.await(STALL_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("the disk took no data for " + STALL_LIMIT_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("interrupted while waiting for the disk");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  @GuardedBy("lock")
  private void throwFailure() throws IOException {
    if (failure instanceof BlobStoreUnavailableException unavailable) {
      throw unavailable;
    }
    if (failure != null) {
      throw new IOException("writing the upload to disk failed: " + failure.getMessage(), failure);
    }
  }
}
