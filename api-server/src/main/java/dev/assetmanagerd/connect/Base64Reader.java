package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import io.grpc.Status;
import io.grpc.StatusException;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Undoes the base64 of grpc-web-text before the frames are cut. Clients may send one run of base64
 * or several, each with its padding, and network buffers end anywhere in them.
 */
final class Base64Reader implements MessageReader {
  private static final int GROUP = 4;

  private final MessageReader frames;
  private final byte[] carried = new byte[GROUP];
  private int carriedLength;

  Base64Reader(MessageReader frames) {
    this.frames = frames;
  }

  @Override
  public void add(HttpData data) throws StatusException {
    byte[] text;
    try (data) {
      ByteBuf bytes = data.byteBuf();
      text = Arrays.copyOf(carried, carriedLength + bytes.readableBytes());
      bytes.readBytes(text, carriedLength, bytes.readableBytes());
    }
    int whole = text.length - text.length % GROUP;
    carriedLength = text.length - whole;
    System.arraycopy(text, whole, carried, 0, carriedLength);
    int runStart = 0;
    for (int group = 0; group < whole; group += GROUP) {
      if (text[group + GROUP - 1] == '=' || group + GROUP == whole) {
        frames.add(HttpData.wrap(decode(text, runStart, group + GROUP)));
        runStart = group + GROUP;
      }
    }
  }

  private static byte[] decode(byte[] text, int from, int to) throws StatusException {
    try {
      return Base64.getDecoder().decode(Arrays.copyOfRange(text, from, to));
    } catch (IllegalArgumentException malformed) {
      throw Status.INVALID_ARGUMENT
          .withDescription("protocol error: the body of grpc-web-text is not base64")
          .asException();
    }
  }

  @Override
  public void endOfInput() {
    frames.endOfInput();
  }

  @Override
  public @Nullable Envelope next() throws StatusException {
    Envelope whole = frames.next();
    if (whole == null && carriedLength > 0 && frames.isExhausted()) {
      throw Status.INVALID_ARGUMENT
          .withDescription("protocol error: the body of grpc-web-text ends within a base64 group")
          .asException();
    }
    return whole;
  }

  @Override
  public boolean isExhausted() {
    return frames.isExhausted() && carriedLength == 0;
  }

  @Override
  public void close() {
    carriedLength = 0;
    frames.close();
  }
}
