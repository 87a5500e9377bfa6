package dev.assetmanagerd.connect;

import com.google.protobuf.MessageLite;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An HTTP/1.1 client that sends its body in chunks, when and as a test says. */
final class RawHttp implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;

  private static final Pattern CONTENT_LENGTH = Pattern.compile("content-length: ([0-9]+)");

  private final Socket socket = new Socket();
  private final OutputStream out;
  private final DataInputStream in;
  private int contentLength = -1;

  RawHttp(int port) throws IOException {
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
    out = socket.getOutputStream();
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
  }

  /** Sends the head of a POST; the headers each end in a line break. */
  void post(String path, String headers) throws IOException {
    write(
        ("POST " + path + " HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n")
            .getBytes(StandardCharsets.US_ASCII),
        headers.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII),
        "\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  /** Sends the head of a POST whose body is written as it is. */
  void postOfLength(String path, String headers, long length) throws IOException {
    String head = "POST %s HTTP/1.1\nhost: test\ncontent-length: %d\n%s\n";
    write(
        head.formatted(path, length, headers)
            .replace("\n", "\r\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  void chunk(byte[] data) throws IOException {
    byte[] size = (Integer.toHexString(data.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    write(size, data, "\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  void message(MessageLite message) throws IOException {
    chunk(envelope(0, message.toByteArray()));
  }

  void endOfBody() throws IOException {
    write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  void write(byte[]... parts) throws IOException {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      whole.write(part);
    }
    out.write(whole.toByteArray());
    out.flush();
  }

  /** The status line and headers, in lower case. */
  String readHead() throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.readUnsignedByte());
    }
    String lowerCase = head.toString().toLowerCase(Locale.ROOT);
    Matcher length = CONTENT_LENGTH.matcher(lowerCase);
    contentLength = length.find() ? Integer.parseInt(length.group(1)) : -1;
    return lowerCase;
  }

  /** The next chunk of the body; empty at its end. */
  byte[] readChunk() throws IOException {
    StringBuilder size = new StringBuilder();
    while (size.indexOf("\r\n") < 0) {
      size.append((char) in.readUnsignedByte());
    }
    byte[] chunk = new byte[Integer.parseInt(size.toString().trim(), 16)];
    in.readFully(chunk);
    in.readUnsignedShort();
    return chunk;
  }

  /** All of the body, in chunks or not, as the head has said. */
  byte[] readBody() throws IOException {
    if (contentLength >= 0) {
      return in.readNBytes(contentLength);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] chunk = readChunk(); chunk.length > 0; chunk = readChunk()) {
      body.write(chunk);
    }
    return body.toByteArray();
  }

  static byte[] envelope(int flags, byte[] payload) {
    return ByteBuffer.allocate(5 + payload.length)
        .put((byte) flags)
        .putInt(payload.length)
        .put(payload)
        .array();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
