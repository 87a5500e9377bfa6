package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import java.nio.ByteBuffer;

/**
 * One message as it travels: flags and the bytes they speak of. All three protocols frame their
 * streams with the same five bytes, {@code flags(1) length(4, big endian)}.
 */
final class Envelope {
  static final int PREFIX_BYTES = 5;

  /** The payload is compressed with the stream's encoding. */
  static final int COMPRESSED = 1;

  /** Connect: the payload is the end of the stream, as JSON. */
  static final int CONNECT_END = 2;

  /** gRPC-Web: the payload is the trailers, as header lines. */
  static final int WEB_TRAILERS = 0x80;

  private final int flags;
  private final byte[] payload;

  /** The payload is not copied; its owner must leave it alone from here on. */
  Envelope(int flags, byte[] payload) {
    this.flags = flags;
    this.payload = payload;
  }

  int flags() {
    return flags;
  }

  byte[] payload() {
    return payload;
  }

  boolean isCompressed() {
    return (flags & COMPRESSED) != 0;
  }

  Envelope withFlag(int flag) {
    return new Envelope(flags | flag, payload);
  }

  byte[] toBytes() {
    return ByteBuffer.allocate(PREFIX_BYTES + payload.length)
        .put((byte) flags)
        .putInt(payload.length)
        .put(payload)
        .array();
  }

  HttpData toHttpData() {
    return HttpData.wrap(toBytes());
  }
}
