package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import io.grpc.Status;
import io.grpc.StatusException;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Cuts a stream into its five-byte-prefixed messages. */
final class EnvelopeReader implements MessageReader {
  /**
   * A length is only a claim until the bytes come: five bytes must not make the server reserve a
   * whole message, so larger ones grow as they arrive.
   */
  private static final int FIRST_ALLOCATION_BYTES = 128 * 1024;

  private final int maxBytes;
  private final Queue<ByteBuf> queue = new ArrayDeque<>();
  private final ByteBuffer prefix = ByteBuffer.allocate(Envelope.PREFIX_BYTES);
  private byte[] payload = new byte[0];
  private int payloadLength;
  private int received;
  private boolean ended;

  /**
   * @param maxBytes most bytes of one message, as received
   */
  EnvelopeReader(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  @Override
  public void add(HttpData data) {
    if (data.isEmpty()) {
      data.close();
    } else {
      queue.add(
          data.byteBuf()); // asked for once: each call gives a view with a position of its own
    }
  }

  @Override
  public void endOfInput() {
    ended = true;
  }

  @Override
  public @Nullable Envelope next() throws StatusException {
    while (prefix.hasRemaining() || received < payloadLength) {
      ByteBuf bytes = queue.peek();
      if (bytes == null) {
        if (ended && prefix.position() > 0) {
          throw Status.INVALID_ARGUMENT
              .withDescription("protocol error: the request ended within a message")
              .asException();
        }
        return null;
      }
      if (prefix.hasRemaining()) {
        readPrefix(bytes);
      } else {
        readPayload(bytes);
      }
      if (!bytes.isReadable()) {
        queue.remove();
        bytes.release();
      }
    }
    Envelope whole = new Envelope(prefix.get(0) & 0xff, payload);
    prefix.clear();
    payload = new byte[0];
    payloadLength = 0;
    received = 0;
    return whole;
  }

  private void readPrefix(ByteBuf bytes) throws StatusException {
    while (prefix.hasRemaining() && bytes.isReadable()) {
      prefix.put(bytes.readByte());
    }
    if (prefix.hasRemaining()) {
      return;
    }
    long length = Integer.toUnsignedLong(prefix.getInt(1));
    if (length > maxBytes) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription(
              "message of " + length + " bytes is larger than the limit of " + maxBytes + " bytes")
          .asException();
    }
    payloadLength = (int) length;
    payload = new byte[Math.min(payloadLength, FIRST_ALLOCATION_BYTES)];
  }

  private void readPayload(ByteBuf bytes) {
    int wanted = Math.min(payloadLength - received, bytes.readableBytes());
    if (received + wanted > payload.length) {
      int doubled = (int) Math.min(payloadLength, 2L * payload.length);
      payload = Arrays.copyOf(payload, Math.max(received + wanted, doubled));
    }
    bytes.readBytes(payload, received, wanted);
    received += wanted;
  }

  @Override
  public boolean isExhausted() {
    return ended && queue.isEmpty() && prefix.position() == 0;
  }

  @Override
  public void close() {
    queue.forEach(ByteBuf::release);
    queue.clear();
    payload = new byte[0];
    ended = true;
    prefix.clear();
  }
}
