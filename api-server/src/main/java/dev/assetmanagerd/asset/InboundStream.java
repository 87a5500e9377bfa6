package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A call whose client streams messages and gets one answer, from its first message to its end.
 *
 * <pre>
 *   receiving ── message ──► receiving ── end of stream ──► answered
 *       └──────────┴── bad message, idle, cancelled, disk failure ──► failed
 * </pre>
 *
 * <p>The next message is asked for when the one before has been taken, so a client is as fast as
 * whoever takes them, and the memory used does not depend on how much comes. The call ends once,
 * whoever ends it.
 */
final class InboundStream<Q, S> implements StreamObserver<Q> {
  private static final Logger log = LoggerFactory.getLogger(InboundStream.class);

  /**
   * What becomes of the messages. The methods are called one after the other, those of one call
   * never at the same time.
   */
  interface Handler<Q, S> {
    void take(Q message) throws IOException;

    /** All messages have come; makes the answer. Blocks. */
    S finish() throws IOException;

    /** How the caller hears of a failure. */
    default RuntimeException told(Exception failure) {
      return ApiErrors.of(failure);
    }

    /** Called once, when the call is over in whatever way; nothing else is called after. */
    void close() throws IOException;
  }

  private final Handler<Q, S> handler;
  private final ServerCallStreamObserver<S> response;
  private final Consumer<InboundStream<?, ?>> ending;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile long lastMessageNanos = System.nanoTime();

  @GuardedBy("lock")
  private boolean ended;

  /**
   * @param ending is told once, when the call is over
   */
  InboundStream(
      Handler<Q, S> handler,
      ServerCallStreamObserver<S> response,
      Consumer<InboundStream<?, ?>> ending) {
    this.handler = handler;
    this.response = response;
    this.ending = ending;
  }

  void start() {
    response.disableAutoRequest();
    response.setOnCancelHandler(this::cancelled);
    response.request(1);
  }

  @Override
  public void onNext(Q message) {
    lastMessageNanos = System.nanoTime();
    lock.lock();
    try {
      if (ended) {
        return;
      }
      handler.take(message);
      lastMessageNanos = System.nanoTime();
      response.request(1);
    } catch (IOException | RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      S answer = handler.finish();
      end();
      response.onNext(answer);
      response.onCompleted();
    } catch (IOException | RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  /** Ends the call when the client has sent nothing for a while. Called from a timer. */
  void failIfIdle(long idleNanosMax) {
    if (System.nanoTime() - lastMessageNanos < idleNanosMax || !lock.tryLock()) {
      return; // whoever holds the lock is at work on a message
    }
    try {
      if (!ended) {
        fail(
            ApiErrors.deadlineExceeded(
                "the client sent nothing for " + idleNanosMax / 1_000_000_000 + " s"));
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onError(Throwable failure) {
    cancelled();
  }

  private void cancelled() {
    lock.lock();
    try {
      if (!ended) {
        log.debug("the client cut the stream");
        end();
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void fail(Exception failure) {
    end();
    response.onError(handler.told(failure));
  }

  @GuardedBy("lock")
  private void end() {
    if (ended) {
      return;
    }
    ended = true;
    try {
      handler.close();
    } catch (IOException e) {
      log.warn("a spool file could not be deleted; the next start of this node will", e);
    }
    ending.accept(this);
  }
}
