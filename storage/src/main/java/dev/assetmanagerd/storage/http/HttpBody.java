package dev.assetmanagerd.storage.http;

import dev.assetmanagerd.storage.http.HttpExchanges.Answer;
import dev.assetmanagerd.storage.http.HttpSourceException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.apache.hc.core5.http.HttpEntity;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an object from an offset on, to its end or to that of a range. A transfer that
 * breaks off goes on where it stopped, with what is still the same object: the server is asked for
 * the rest of the version that the first answer had, and its answer is compared. Read by one
 * thread; closed by any.
 */
final class HttpBody implements ReadableByteChannel {
  private static final int MAX_RESUMES = 16;
  private static final int MAX_FAILURES_IN_A_ROW = 4;
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final int BUFFER_BYTES = 64 * 1024;

  private final HttpExchanges exchanges;
  private final HttpLocation location;
  private final RandomGenerator jitter;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final CountDownLatch closed = new CountDownLatch(1);
  private final long end;
  private long position;
  private int resumes;
  private int failures;
  private @Nullable HttpVersion version;
  private @Nullable InputStream in;
  private volatile @Nullable Answer answer;

  private HttpBody(
      HttpExchanges exchanges,
      HttpLocation location,
      long offset,
      long end,
      RandomGenerator jitter) {
    this.exchanges = exchanges;
    this.location = location;
    this.position = offset;
    this.end = end;
    this.jitter = jitter;
  }

  /**
   * @param end no byte from this one on is read
   */
  static HttpBody open(
      HttpExchanges exchanges, HttpLocation location, long offset, long end, RandomGenerator jitter)
      throws IOException {
    HttpBody body = new HttpBody(exchanges, location, offset, end, jitter);
    boolean connected = false;
    try {
      body.connectRepeatedly();
      connected = true;
      return body;
    } finally {
      if (!connected) {
        body.close();
      }
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    while (true) {
      if (!isOpen()) {
        throw new ClosedChannelException();
      }
      HttpVersion known = version;
      if (known == null || left(known) <= 0) {
        return -1;
      }
      if (!target.hasRemaining()) {
        return 0;
      }
      try {
        int wanted = (int) Math.min(Math.min(buffer.length, target.remaining()), left(known));
        int count = in == null ? -1 : in.read(buffer, 0, wanted);
        if (count > 0) {
          target.put(buffer, 0, count);
          position += count;
          failures = 0;
          finishIfWhole(known);
          return count;
        }
        noteFailure(HttpExchanges.unavailable(location, "broke off", null));
      } catch (HttpSourceException e) {
        throw e;
      } catch (IOException e) {
        noteFailure(HttpExchanges.unavailable(location, "broke off: " + e.getMessage(), e));
      }
      connectRepeatedly();
    }
  }

  private long left(HttpVersion known) {
    return Math.min(end, known.sizeBytes()) - position;
  }

  /** What has been read to its end can take the next request. What was read stays read. */
  private void finishIfWhole(HttpVersion known) {
    InputStream body = in;
    Answer current = answer;
    if (left(known) > 0 || body == null || current == null || current.status() != 206) {
      return;
    }
    try {
      if (body.read(buffer, 0, 1) >= 0) {
        current.close(); // more than was asked for
      }
    } catch (IOException e) {
      disconnect(); // after its last byte
    }
  }

  private void connectRepeatedly() throws IOException {
    while (true) {
      try {
        connect();
        return;
      } catch (HttpSourceException e) {
        if (e.kind() != Kind.UNAVAILABLE) {
          throw e;
        }
        noteFailure(e);
      }
    }
  }

  /** Waits before the next attempt, or gives up. */
  private void noteFailure(HttpSourceException failure) throws IOException {
    disconnect();
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    failures++;
    resumes++;
    if (failures >= MAX_FAILURES_IN_A_ROW || resumes > MAX_RESUMES) {
      throw failure;
    }
    long pause = FIRST_PAUSE_MILLIS << failures;
    try {
      if (closed.await(pause / 2 + jitter.nextLong(pause), TimeUnit.MILLISECONDS)) {
        throw new ClosedChannelException();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted in a pause");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private void connect() throws IOException {
    Map<String, String> headers = new LinkedHashMap<>();
    if (position > 0 || end != Long.MAX_VALUE) {
      // Of an empty range, one byte is asked for: the answer says whether the object is there.
      String last = end == Long.MAX_VALUE ? "" : String.valueOf(Math.max(position, end - 1));
      headers.put("Range", "bytes=" + position + "-" + last);
      if (version != null && !version.etag().isEmpty()) {
        headers.put("If-Range", version.etag());
      }
    }
    Answer received = exchanges.send("GET", location, headers);
    answer = received;
    if (!isOpen()) {
      received.close(); // closed while the request was under way
      throw new ClosedChannelException();
    }
    switch (received.status()) {
      case 200 -> takeWhole(received);
      case 206 -> takePart(received);
      case 416 -> takeNothing(received);
      default -> throw HttpExchanges.failure(received);
    }
  }

  /** Also from servers that know no ranges: what comes before is read and thrown away. */
  private void takeWhole(Answer received) throws IOException {
    HttpVersion found =
        HttpVersion.of(received, requireSize(received, HttpVersion.length(received)));
    take(received, found);
    long skipped = 0;
    InputStream body = in;
    while (body != null && skipped < Math.min(position, found.sizeBytes())) {
      int count =
          read(
              body, (int) Math.min(buffer.length, Math.min(position, found.sizeBytes()) - skipped));
      if (count < 0) {
        throw HttpExchanges.unavailable(location, "broke off", null);
      }
      skipped += count;
    }
  }

  private int read(InputStream body, int count) throws HttpSourceException {
    try {
      return body.read(buffer, 0, count);
    } catch (IOException e) {
      throw HttpExchanges.unavailable(location, "broke off: " + e.getMessage(), e);
    }
  }

  private void takePart(Answer received) throws IOException {
    if (HttpVersion.from(received).orElse(-1) != position) {
      throw new HttpSourceException(
          Kind.REFUSED, location, "sends another part than it was asked for", null);
    }
    take(received, HttpVersion.of(received, requireSize(received, HttpVersion.total(received))));
  }

  private void takeNothing(Answer received) throws IOException {
    HttpVersion found =
        HttpVersion.of(received, requireSize(received, HttpVersion.total(received)));
    HttpVersion known = version;
    if (known != null && known.sizeBytes() != found.sizeBytes()) {
      throw HttpExchanges.changed(location);
    }
    if (position < found.sizeBytes()) {
      throw HttpExchanges.failure(received);
    }
    version = found;
    received.close();
  }

  private void take(Answer received, HttpVersion found) throws IOException {
    String encoding = received.header("Content-Encoding");
    if (!encoding.isEmpty() && !encoding.equalsIgnoreCase("identity")) {
      throw new HttpSourceException(
          Kind.REFUSED, location, "sends the bytes in another encoding", null);
    }
    HttpVersion known = version;
    if (known != null && !known.agreesWith(found)) {
      throw HttpExchanges.changed(location);
    }
    version = known == null ? found : known;
    HttpEntity entity = received.response().getEntity();
    in = entity == null ? null : entity.getContent();
  }

  private long requireSize(Answer received, java.util.OptionalLong size)
      throws HttpSourceException {
    return size.orElseThrow(
        () ->
            new HttpSourceException(
                Kind.REFUSED, received.location(), "does not say how many bytes it has", null));
  }

  private void disconnect() {
    in = null;
    Answer current = answer;
    if (current != null) {
      current.close();
    }
  }

  @Override
  public boolean isOpen() {
    return closed.getCount() > 0;
  }

  @Override
  public void close() {
    closed.countDown();
    Answer current = answer;
    if (current != null) {
      current.close();
    }
  }
}
