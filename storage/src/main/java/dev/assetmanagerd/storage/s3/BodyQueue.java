package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * From the threads that bring the body of an answer to the one that reads it. Holds a few pieces:
 * no more than were asked for can come.
 */
final class BodyQueue implements Subscriber<ByteBuffer> {
  private static final int MAX_PIECES = 16;

  /** A piece, the end, or a failure. */
  private record Signal(@Nullable ByteBuffer piece, @Nullable Throwable failure) {}

  private static final Subscription CANCELLED =
      new Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
      };

  private final LinkedBlockingQueue<Signal> signals = new LinkedBlockingQueue<>();
  private final AtomicReference<@Nullable Subscription> subscription = new AtomicReference<>();

  /**
   * The next piece; null at the end.
   *
   * @throws IOException when the body broke off, or nothing came in time
   */
  @Nullable ByteBuffer take(Duration timeout) throws IOException {
    Signal signal = poll(timeout);
    if (signal == null) {
      throw new IOException("no bytes came in " + timeout.toMillis() + " ms");
    }
    if (signal.failure() != null) {
      throw new IOException("the body broke off: " + signal.failure(), signal.failure());
    }
    Subscription source = subscription.get();
    if (signal.piece() != null && source != null) {
      source.request(1);
    }
    return signal.piece();
  }

  /** Nothing more is wanted. */
  void cancel() {
    Subscription source = subscription.getAndSet(CANCELLED);
    if (source != null) {
      source.cancel();
    }
    signals.clear();
    signals.add(new Signal(null, new CancellationException("closed"))); // wakes who waits
  }

  @Override
  public void onSubscribe(Subscription source) {
    if (subscription.compareAndSet(null, source)) {
      source.request(MAX_PIECES);
    } else {
      source.cancel();
    }
  }

  @Override
  public void onNext(ByteBuffer piece) {
    signals.add(new Signal(piece, null));
  }

  @Override
  public void onError(Throwable failure) {
    signals.add(new Signal(null, failure));
  }

  @Override
  public void onComplete() {
    signals.add(new Signal(null, null));
  }

  private @Nullable Signal poll(Duration timeout) throws InterruptedIOException {
    try {
      return signals.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("reading from S3");
      interrupted.initCause(e);
      throw interrupted;
    }
  }
}
