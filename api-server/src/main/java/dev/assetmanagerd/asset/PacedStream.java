package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Answers of a call that go no faster than its caller takes them: what is sent waits until the
 * connection has room, so one message per call is in memory here, however large the whole is.
 *
 * <p>For one sending thread, which blocks.
 */
final class PacedStream<S> {
  private final ServerCallStreamObserver<S> response;
  private final Duration idleMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private boolean cancelled;

  /**
   * Takes over a call; to be made before the call's handler returns.
   *
   * @param idleMax a caller who takes nothing for this long gets no more
   */
  PacedStream(ServerCallStreamObserver<S> response, Duration idleMax) {
    this.response = response;
    this.idleMax = idleMax;
    response.setMessageCompression(false);
    response.setOnReadyHandler(() -> note(false));
    response.setOnCancelHandler(() -> note(true));
  }

  private void note(boolean gone) {
    lock.lock();
    try {
      cancelled |= gone;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends a message when there is room for it.
   *
   * @throws io.grpc.StatusRuntimeException when the caller has gone, or takes nothing
   */
  void send(S message) {
    awaitRoom();
    response.onNext(message);
  }

  private void awaitRoom() {
    long leftNanos = idleMax.toNanos();
    lock.lock();
    try {
      while (cancelled || !response.isReady()) {
        if (cancelled) {
          throw ApiErrors.cancelled("the client gave up");
        }
        if (leftNanos <= 0) {
          throw ApiErrors.deadlineExceeded(
              "the client took nothing for "
                  + TimeUnit.NANOSECONDS.toSeconds(idleMax.toNanos())
                  + " s");
        }
        leftNanos = changed.awaitNanos(leftNanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiErrors.unavailable("this node is stopping; go on at another one");
    } finally {
      lock.unlock();
    }
  }

  /** Ends the call well. */
  void complete() {
    response.onCompleted();
  }

  /** Ends the call with an error; nobody hears of it where the caller has gone. */
  void fail(Exception failure) {
    response.onError(ApiErrors.of(failure));
  }
}
