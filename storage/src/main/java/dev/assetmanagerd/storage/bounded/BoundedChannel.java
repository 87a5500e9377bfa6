package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.file.DiskFailure;
import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StepGuard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * A blob that is read, every read being a step, through a buffer of its own: one that hangs must
 * not write into the caller's when nobody waits for it any more.
 *
 * <p>A stale handle is opened again by the path once, where reading goes on; blobs do not change.
 * For one thread at a time.
 */
final class BoundedChannel implements ReadableByteChannel {
  private static final int BUFFER_BYTES = 256 * 1024;

  /** Opens the same bytes again. */
  @FunctionalInterface
  interface Opening {
    ReadableByteChannel at(long offset) throws IOException;
  }

  private final StepGuard guard;
  private final Opening opening;
  private final ByteBuffer buffer;

  /** Used by steps alone, which come one after the other. */
  private ReadableByteChannel source;

  private long position;
  private boolean reopened;

  private boolean open = true;
  private @Nullable IOException failure;

  private BoundedChannel(IoSteps steps, Opening opening, ReadableByteChannel source, long offset) {
    this.guard = new StepGuard(steps, "close a blob", this::closeSource);
    this.opening = opening;
    this.source = source;
    this.position = offset;
    this.buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();
  }

  static BoundedChannel open(IoSteps steps, Opening opening, long offset) throws IOException {
    return steps.run(
        "open a blob",
        () -> new BoundedChannel(steps, opening, opening.at(offset), offset),
        BoundedChannel::close);
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!open) {
      throw new ClosedChannelException();
    }
    if (failure != null) {
      throw failure;
    }
    if (!target.hasRemaining()) {
      return 0;
    }
    if (!buffer.hasRemaining() && !fill()) {
      return -1;
    }
    int length = Math.min(target.remaining(), buffer.remaining());
    target.put(buffer.slice(buffer.position(), length));
    buffer.position(buffer.position() + length);
    return length;
  }

  private boolean fill() throws IOException {
    try {
      return guard.step("read", this::readSource) >= 0;
    } catch (IOException e) {
      failure = e; // whatever is still at it may change the buffer any time
      throw e;
    }
  }

  private int readSource() throws IOException {
    buffer.clear();
    int length = readOrReopen();
    buffer.flip();
    position += Math.max(0, length);
    return length;
  }

  private int readOrReopen() throws IOException {
    try {
      return source.read(buffer);
    } catch (IOException e) {
      if (reopened || DiskFailure.of(e) != DiskFailure.STALE_HANDLE) {
        throw e;
      }
      reopened = true;
      ReadableByteChannel again = opening.at(position);
      closeSource();
      source = again;
      return source.read(buffer.clear());
    }
  }

  private void closeSource() throws IOException {
    source.close();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
    guard.close();
  }
}
