package dev.assetmanagerd.asset;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads many bytes for a call, for as long as somebody waits for the answer: until the deadline, or
 * until the client gives up. Thread-safe; blocks for I/O.
 */
final class CallReads {
  private static final Logger log = LoggerFactory.getLogger(CallReads.class);
  private static final int BUFFER_BYTES = 256 << 10;

  private final Executor closers;

  /** What is done with the bytes. */
  interface Taker {
    /** Takes all that remains in the buffer, which is used again afterwards. */
    void take(ByteBuffer bytes) throws IOException;
  }

  /**
   * @param closers closes channels that others read; each of these may block for seconds. Must not
   *     run its tasks on the thread that hands them in, which has the connections of all clients
   */
  CallReads(Executor closers) {
    this.closers = closers;
  }

  /**
   * The caller's deadline, but no later than this from now.
   *
   * @param most longest that bytes are waited for
   */
  static Deadline deadline(Duration most) {
    Deadline latest = Deadline.after(most.toNanos(), TimeUnit.NANOSECONDS);
    Deadline caller = Context.current().getDeadline();
    return caller == null ? latest : latest.minimum(caller);
  }

  /**
   * Reads a channel to its end. A read that waits for bytes when the call ends is ended with it.
   *
   * @param field of the request that the error names
   * @param sizeBytes how many there should be; no more than these are taken
   * @return how many there were; where there are more than there should be, it is enough to know
   */
  long read(
      String field, ReadableByteChannel channel, long sizeBytes, Deadline deadline, Taker taker)
      throws IOException {
    Context call = Context.current();
    Context.CancellationListener cut = ended -> cut(channel);
    call.addListener(cut, closers);
    try {
      return readUncut(field, channel, sizeBytes, deadline, taker);
    } catch (IOException e) {
      if (isOver(deadline)) {
        throw ended(field, 0, sizeBytes, deadline);
      }
      throw e;
    } finally {
      call.removeListener(cut);
    }
  }

  /** The same for a channel that never waits long: the end is noticed between two reads. */
  static long readUncut(
      String field, ReadableByteChannel channel, long sizeBytes, Deadline deadline, Taker taker)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    long bytes = 0;
    while (bytes <= sizeBytes && channel.read(buffer.clear()) >= 0) {
      if (isOver(deadline)) {
        throw ended(field, bytes, sizeBytes, deadline);
      }
      bytes += buffer.position();
      if (bytes <= sizeBytes) {
        taker.take(buffer.flip());
      }
    }
    return bytes;
  }

  private static boolean isOver(Deadline deadline) {
    return Context.current().isCancelled() || deadline.isExpired();
  }

  private static void cut(ReadableByteChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("closing what is not read any more: {}", e.toString());
    }
  }

  /** Why reading was ended before its end. */
  static StatusRuntimeException ended(String field, long bytes, long sizeBytes, Deadline deadline) {
    Deadline callers = Context.current().getDeadline();
    return deadline.isExpired() || (callers != null && callers.isExpired())
        ? late(field, bytes, sizeBytes)
        : ApiErrors.cancelled("the client gave up while the stored bytes were being read");
  }

  /** The deadline passed first. */
  static StatusRuntimeException late(String field, long bytes, long sizeBytes) {
    return ApiErrors.deadlineExceeded(
        field
            + ": its "
            + sizeBytes
            + " bytes could not be read within the deadline"
            + (bytes == 0 ? "" : ", " + bytes + " were")
            + "; nothing was changed");
  }
}
