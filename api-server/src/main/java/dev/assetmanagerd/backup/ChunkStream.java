package dev.assetmanagerd.backup;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import dev.assetmanagerd.backup.v1.StreamBackupResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Bytes as messages of a call, no faster than the caller takes them. For one writing thread. */
final class ChunkStream extends OutputStream {
  private static final int CHUNK_BYTES = 256 << 10;

  private final ServerCallStreamObserver<StreamBackupResponse> response;
  private final Duration idleMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final byte[] chunk = new byte[CHUNK_BYTES];
  private int filled;

  @GuardedBy("lock")
  private boolean cancelled;

  /**
   * Takes over a call; to be made before the call's handler returns.
   *
   * @param idleMax a caller who takes nothing for this long gets no more
   */
  ChunkStream(ServerCallStreamObserver<StreamBackupResponse> response, Duration idleMax) {
    this.response = response;
    this.idleMax = idleMax;
    response.setMessageCompression(false); // the bytes are compressed
    response.setOnReadyHandler(() -> note(false));
    response.setOnCancelHandler(() -> note(true));
  }

  private void note(boolean gone) {
    lock.lock();
    try {
      cancelled |= gone;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      int n = Math.min(length - done, chunk.length - filled);
      System.arraycopy(bytes, offset + done, chunk, filled, n);
      filled += n;
      done += n;
      if (filled == chunk.length) {
        flush();
      }
    }
  }

  @Override
  public void flush() throws IOException {
    if (filled > 0) {
      ByteString bytes = ByteString.copyFrom(chunk, 0, filled);
      filled = 0;
      send(StreamBackupResponse.newBuilder().setChunk(bytes).build());
    }
  }

  /** Sends a message when there is room for it. */
  void send(StreamBackupResponse message) throws IOException {
    long leftNanos = idleMax.toNanos();
    lock.lock();
    try {
      while (cancelled || !response.isReady()) {
        if (cancelled) {
          throw new IOException("the client gave up");
        }
        if (leftNanos <= 0) {
          throw new IOException("the client took nothing for " + idleMax.toSeconds() + " s");
        }
        leftNanos = changed.awaitNanos(leftNanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("this node is stopping");
    } finally {
      lock.unlock();
    }
    response.onNext(message);
  }
}
