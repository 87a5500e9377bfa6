package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.ResponsePublisher;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Reads an object from an offset to an end. Where the line breaks, it goes on behind the last byte
 * that came, provided the object is still the same. For one thread; closing may come from another.
 *
 * <p>That a server closes the connection in an orderly way before the end is told by the SDK only
 * when its own time for reading is up; a third of the store's timeout without bytes ends the wait
 * sooner.
 *
 * <p>Each read ends within the store's timeout. How often reading goes on is not limited, as long
 * as bytes come; without any, it is a few times.
 */
final class S3ObjectChannel implements ReadableByteChannel {
  private static final Logger log = LoggerFactory.getLogger(S3ObjectChannel.class);

  private static final int MAX_FRUITLESS = 3;
  private static final int HTTP_NOT_SATISFIABLE = 416;
  private static final int HTTP_PRECONDITION_FAILED = 412;

  private final S3Calls calls;
  private final String key;

  /** Behind the last byte wanted; negative for the end of the object. */
  private final long end;

  private long position;
  private long announcedEnd;
  private @Nullable String etag;
  private @Nullable ByteBuffer piece;
  private boolean ended;
  private volatile @Nullable BodyQueue body;
  private volatile boolean open = true;

  private S3ObjectChannel(S3Calls calls, String key, long offset, long end) {
    this.calls = calls;
    this.key = key;
    this.position = offset;
    this.end = end;
  }

  /**
   * Opens an object.
   *
   * @param length how much is wanted; negative for all of it
   * @throws java.nio.file.NoSuchFileException when there is none
   */
  static S3ObjectChannel open(S3Calls calls, String key, long offset, long length)
      throws IOException {
    S3ObjectChannel channel =
        new S3ObjectChannel(calls, key, offset, length < 0 ? -1 : offset + length);
    if (length == 0) {
      channel.ended = true;
    } else {
      channel.connect(calls.options().timeout());
    }
    return channel;
  }

  /**
   * Opens an object if it is a certain version of it.
   *
   * @param etag of that version; empty where the store has none
   * @throws IOException also when it is another by now
   */
  static S3ObjectChannel openVersion(S3Calls calls, String key, String etag) throws IOException {
    S3ObjectChannel channel = new S3ObjectChannel(calls, key, 0, -1);
    channel.etag = etag.isEmpty() ? null : etag;
    channel.connect(calls.options().timeout());
    return channel;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!open) {
      throw new ClosedChannelException();
    }
    if (!target.hasRemaining()) {
      return 0;
    }
    ByteBuffer source = ended ? null : nextPiece();
    if (source == null) {
      return -1;
    }
    int n = Math.min(source.remaining(), target.remaining());
    target.put(source.slice(source.position(), n));
    source.position(source.position() + n);
    position += n;
    return n;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
    disconnect();
  }

  private @Nullable ByteBuffer nextPiece() throws IOException {
    long deadline = System.nanoTime() + calls.options().timeout().toNanos();
    int fruitless = 0;
    while (!ended && (piece == null || !piece.hasRemaining())) {
      try {
        piece = takePiece(deadline);
        if (piece == null) {
          ended = true;
          disconnect();
        }
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        fruitless++;
        reconnect(e, fruitless, deadline);
      }
    }
    return ended ? null : piece;
  }

  private @Nullable ByteBuffer takePiece(long deadline) throws IOException {
    BodyQueue queue = body;
    if (queue == null) {
      throw new IOException("not connected");
    }
    Duration step = calls.options().timeout().dividedBy(MAX_FRUITLESS);
    Duration left = left(deadline);
    ByteBuffer next = queue.take(step.compareTo(left) < 0 ? step : left);
    if (next == null && position < announcedEnd) {
      throw new IOException("the body ended at " + position + " of " + announcedEnd + " bytes");
    }
    return next;
  }

  private void reconnect(IOException cause, int fruitless, long deadline) throws IOException {
    disconnect();
    if (!open) {
      throw new ClosedChannelException();
    }
    Duration left = left(deadline);
    if (fruitless >= MAX_FRUITLESS || left.toMillis() < 1) {
      throw new BlobStoreUnavailableException(
          calls.options().storeName(),
          "reading " + key + " from byte " + position + ": " + cause.getMessage(),
          cause);
    }
    log.info("Reading {} again from byte {} on: {}", key, position, cause.getMessage());
    connect(left);
  }

  private void connect(Duration limit) throws IOException {
    String what = "reading " + key;
    try {
      ResponsePublisher<GetObjectResponse> answer =
          calls.awaitRaw(
              limit,
              calls.client().getObject(request(limit), AsyncResponseTransformer.toPublisher()),
              S3ObjectChannel::discard);
      BodyQueue queue = new BodyQueue();
      answer.subscribe(queue);
      accept(answer.response(), queue);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause != null && S3Errors.isStatus(cause, HTTP_NOT_SATISFIABLE)) {
        ended = true; // there is nothing from there on
      } else if (cause != null && S3Errors.isStatus(cause, HTTP_PRECONDITION_FAILED)) {
        throw new IOException(key + " has been replaced while it was read", e);
      } else {
        throw calls.errors().map(what, e);
      }
    } catch (TimeoutException e) {
      throw calls.errors().map(what, e);
    }
    if (!open) {
      disconnect(); // closed meanwhile
    }
  }

  /** A body that nobody asks for would keep its connection. */
  private static void discard(ResponsePublisher<GetObjectResponse> unwanted) {
    BodyQueue queue = new BodyQueue();
    queue.cancel();
    unwanted.subscribe(queue);
  }

  private GetObjectRequest request(Duration limit) {
    GetObjectRequest.Builder request =
        GetObjectRequest.builder()
            .bucket(calls.options().bucket())
            .key(key)
            .overrideConfiguration(calls.within(limit));
    if (end >= 0) {
      request.range("bytes=" + position + "-" + (end - 1));
    } else if (position > 0) {
      request.range("bytes=" + position + "-");
    }
    if (etag != null) {
      request.ifMatch(etag);
    }
    return request.build();
  }

  private void accept(GetObjectResponse answer, BodyQueue queue) throws IOException {
    boolean partial = end >= 0 || position > 0;
    String range = answer.contentRange();
    if (partial && (range == null || !range.startsWith("bytes " + position + "-"))) {
      queue.cancel();
      throw new IOException(
          calls.options().storeName()
              + " does not know ranges: asked for "
              + key
              + " from byte "
              + position
              + " on, it sent "
              + (range == null ? "all of it" : range));
    }
    Long length = answer.contentLength();
    announcedEnd = position + (length == null ? 0 : length);
    etag = etag == null ? answer.eTag() : etag;
    piece = null;
    body = queue;
  }

  private void disconnect() {
    BodyQueue queue = body;
    if (queue != null) {
      queue.cancel();
    }
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }
}
