package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.ReadCachedBlobChunk;
import dev.assetmanagerd.node.v1.ReadCachedBlobRequest;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Bytes that another node sends, to be read by one thread; any thread may close it. No more than a
 * few messages are ahead of the reader.
 */
final class PeerBlobStream implements ReadableByteChannel {
  private static final Duration NEXT_ANSWER = Duration.ofSeconds(20);
  private static final int AHEAD = 4;

  private final String nodeId;
  private final ClientCall<ReadCachedBlobRequest, ReadCachedBlobChunk> call;

  /** As long as messages are asked for, and one more for the end. */
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  private ByteBuffer current = ByteBuffer.allocate(0);
  private boolean ended;
  private volatile boolean closed;

  /** The node is well, and reads as many files to others as it may. */
  static final class BusyException extends IOException {
    private static final long serialVersionUID = 1L;

    private BusyException(String message) {
      super(message);
    }
  }

  /** What came: bytes, or the end. */
  private sealed interface Event {
    record Bytes(ByteBuffer bytes) implements Event {}

    record End(Status status) implements Event {}
  }

  PeerBlobStream(String nodeId, ClientCall<ReadCachedBlobRequest, ReadCachedBlobChunk> call) {
    this.nodeId = nodeId;
    this.call = call;
  }

  /**
   * Sends the request and waits for the first bytes.
   *
   * @throws NoSuchFileException when the node has no such blob
   * @throws BusyException when it reads to so many others that it does not say
   * @throws ClosedByInterruptException when the thread that waits is interrupted
   */
  void begin(ReadCachedBlobRequest request, Duration timeout) throws IOException {
    boolean begun = false;
    try {
      call.start(new Answers(), new Metadata());
      call.sendMessage(request);
      call.halfClose();
      call.request(AHEAD);
      next(timeout);
      begun = true;
    } finally {
      if (!begun) {
        close();
      }
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    while (!current.hasRemaining()) {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (ended) {
        return -1;
      }
      next(NEXT_ANSWER);
    }
    int n = Math.min(current.remaining(), target.remaining());
    target.put(current.slice().limit(n));
    current.position(current.position() + n);
    return n;
  }

  private void next(Duration timeout) throws IOException {
    Event event;
    try {
      event = events.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClosedByInterruptException();
    }
    if (event == null) {
      throw new InterruptedIOException(nodeId + " gave nothing for " + timeout.toMillis() + " ms");
    }
    if (event instanceof Event.Bytes bytes) {
      current = bytes.bytes();
      call.request(1);
    } else if (event instanceof Event.End end) {
      ended = true;
      if (end.status().getCode() == Status.Code.NOT_FOUND) {
        throw new NoSuchFileException(nodeId + " has it not in its cache");
      }
      if (end.status().getCode() == Status.Code.RESOURCE_EXHAUSTED) {
        throw new BusyException(nodeId + ": " + end.status().getDescription());
      }
      if (!end.status().isOk()) {
        throw new IOException(nodeId + ": " + end.status());
      }
    }
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      call.cancel("not read any further", null);
    }
  }

  private final class Answers extends ClientCall.Listener<ReadCachedBlobChunk> {
    @Override
    public void onMessage(ReadCachedBlobChunk chunk) {
      events.add(new Event.Bytes(chunk.getBytes().asReadOnlyByteBuffer()));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      events.add(new Event.End(status));
    }
  }
}
