package dev.assetmanagerd.s3server;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The bytes of a message's body, without the framing, up to its end. */
final class Body extends InputStream {
  private final InputStream in;
  private final boolean chunked;

  /** Until the end of the body or of the chunk; -1 when only the connection's end will tell. */
  private long left;

  private boolean ended;

  private Body(InputStream in, boolean chunked, long left) {
    this.in = in;
    this.chunked = chunked;
    this.left = left;
  }

  static Body ofRequest(Head head, InputStream in) {
    long length = head.header("Content-Length").map(Long::parseLong).orElse(0L);
    return new Body(in, head.isChunked(), head.isChunked() ? 0 : length);
  }

  static Body ofResponse(Head head, String method, InputStream in) throws IOException {
    int status = head.status();
    if (method.equals("HEAD") || status == 204 || status == 304) {
      return new Body(in, false, 0);
    }
    Optional<Long> length = head.header("Content-Length").map(Long::parseLong);
    return new Body(in, head.isChunked(), head.isChunked() ? 0 : length.orElse(-1L));
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (ended || (left == 0 && !nextChunk())) {
      return -1;
    }
    int wanted = left < 0 ? length : (int) Math.min(left, length);
    int n = in.read(buffer, offset, wanted);
    if (n < 0) {
      ended = true;
      if (left > 0) {
        throw new EOFException("the body is cut off");
      }
      return -1;
    }
    if (left > 0) {
      left -= n;
      if (left == 0 && chunked) {
        line();
      }
    }
    return n;
  }

  private boolean nextChunk() throws IOException {
    if (chunked) {
      left = Long.parseLong(line().split(";", 2)[0].strip(), 16);
      if (left > 0) {
        return true;
      }
      while (!line().isEmpty()) {
        // Trailers are not passed on.
      }
    }
    ended = true;
    return false;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the body is cut off");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
