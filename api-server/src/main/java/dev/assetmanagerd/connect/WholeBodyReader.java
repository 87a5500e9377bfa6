package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import io.grpc.Status;
import io.grpc.StatusException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the body of a Connect unary call: it is the one message, without a frame. */
final class WholeBodyReader implements MessageReader {
  private final int maxBytes;
  private final int flags;
  private byte[] buffer = new byte[0];
  private int length;
  private boolean ended;
  private boolean returned;

  /**
   * @param maxBytes most bytes accepted, as received
   * @param encoding the content encoding of the whole body
   */
  WholeBodyReader(int maxBytes, Compression encoding) {
    this.maxBytes = maxBytes;
    this.flags = encoding == Compression.IDENTITY ? 0 : Envelope.COMPRESSED;
  }

  @Override
  public void add(HttpData data) throws StatusException {
    try (data) {
      int added = data.length();
      if (added > maxBytes - length) {
        throw Status.RESOURCE_EXHAUSTED
            .withDescription("message is larger than the limit of " + maxBytes + " bytes")
            .asException();
      }
      if (length + added > buffer.length) {
        int doubled = (int) Math.min(maxBytes, 2L * buffer.length);
        buffer = Arrays.copyOf(buffer, Math.max(length + added, doubled));
      }
      data.byteBuf().readBytes(buffer, length, added);
      length += added;
    }
  }

  @Override
  public void endOfInput() {
    ended = true;
  }

  @Override
  public @Nullable Envelope next() {
    if (!ended || returned) {
      return null;
    }
    returned = true;
    byte[] body = length == buffer.length ? buffer : Arrays.copyOf(buffer, length);
    buffer = new byte[0];
    return new Envelope(flags, body);
  }

  @Override
  public boolean isExhausted() {
    return returned;
  }

  @Override
  public void close() {
    returned = true;
    buffer = new byte[0];
  }
}
