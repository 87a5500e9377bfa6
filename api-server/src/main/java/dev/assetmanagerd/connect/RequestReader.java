package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpObject;
import io.grpc.Status;
import io.grpc.StatusException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * Pulls a request body from the connection as fast as the handler asks for messages, and no faster:
 * one piece of data is requested only when a message is wanted and what is here does not make one.
 * The connection's flow control then holds the client back.
 *
 * <p>State is confined to the event loop of the connection; {@link #request} and {@link #cancel}
 * may be called from any thread.
 */
final class RequestReader implements Subscriber<HttpObject> {

  /** Takes what was read. Called on the event loop, so it must not block. */
  interface Sink {
    /**
     * Takes a message.
     *
     * @param taken what the message holds of the memory budget; to be called, once, when it does
     *     not any more
     */
    void message(Envelope envelope, Runnable taken);

    void halfClosed();

    void failed(Status status);
  }

  private final EventLoop loop;
  private final WireFormat format;
  private final MessageReader messages;
  private final boolean streaming;
  private final Sink sink;
  private final long idleTimeoutNanos;
  private final MemoryBudget budget;

  /** Taken from the budget for what was received since the last message. */
  private long heldBytes;

  private @Nullable Subscription subscription;
  private @Nullable ScheduledFuture<?> idleTimer;
  private int demand;
  private int seen;
  private boolean waiting;
  private boolean inputEnded;
  private boolean done;

  /**
   * @param streaming whether the client may send any number of messages, instead of one
   * @param idleTimeout how long to wait for the next piece of data; zero means for ever
   * @param budget shared by all calls
   */
  RequestReader(
      EventLoop loop,
      WireFormat format,
      MessageReader messages,
      boolean streaming,
      Duration idleTimeout,
      MemoryBudget budget,
      Sink sink) {
    this.loop = loop;
    this.format = format;
    this.messages = messages;
    this.streaming = streaming;
    this.idleTimeoutNanos = idleTimeout.toNanos();
    this.budget = budget;
    this.sink = sink;
  }

  /** The handler wants this many messages more. */
  void request(int count) {
    onLoop(
        () -> {
          demand = (int) Math.min(Integer.MAX_VALUE, (long) demand + count);
          pump();
        });
  }

  /** Reads no more; what is held is released. */
  void cancel() {
    onLoop(this::stop);
  }

  /** Reads a body that came with the request's headers, as that of a GET does. */
  void readAll(byte[] body) {
    onLoop(
        () -> {
          accept(HttpData.wrap(body));
          onComplete();
        });
  }

  @Override
  public void onSubscribe(Subscription s) {
    subscription = s;
    if (done) {
      s.cancel();
    } else {
      pump();
    }
  }

  @Override
  public void onNext(HttpObject part) {
    waiting = false;
    stopIdleTimer();
    if (part instanceof HttpData data) {
      accept(data);
    }
    pump(); // HTTP trailers mean nothing in a request of any of the protocols
  }

  private void accept(HttpData data) {
    if (done) {
      data.close();
      return;
    }
    int bytes = data.length();
    try {
      budget.take(bytes);
    } catch (StatusException refused) {
      data.close();
      fail(refused.getStatus());
      return;
    }
    heldBytes += bytes;
    try {
      messages.add(data);
    } catch (StatusException refused) {
      fail(refused.getStatus());
    }
  }

  @Override
  public void onError(Throwable cause) {
    inputEnded = true;
    fail(Status.CANCELLED.withDescription("the request was aborted").withCause(cause));
  }

  @Override
  public void onComplete() {
    inputEnded = true;
    messages.endOfInput();
    pump();
  }

  private void pump() {
    if (done) {
      return;
    }
    try {
      while (demand > 0) {
        Envelope envelope = messages.next();
        if (envelope == null) {
          break;
        }
        deliver(envelope);
      }
      if (inputEnded && messages.isExhausted()) {
        halfClose();
      } else if (!inputEnded && demand > 0) {
        awaitData();
      }
    } catch (StatusException refused) {
      fail(refused.getStatus());
    }
  }

  private void deliver(Envelope envelope) throws StatusException {
    format.checkEnvelope(envelope);
    seen++;
    if (!streaming && seen > 1) {
      throw Status.UNIMPLEMENTED
          .withDescription("the request has more than one message, the method takes one")
          .asException();
    }
    demand--;
    // With it goes what else came with its last bytes: one piece of data at most.
    long bytes = heldBytes;
    heldBytes = 0;
    sink.message(envelope, () -> budget.giveBack(bytes));
  }

  private void halfClose() throws StatusException {
    if (!streaming && seen == 0) {
      throw Status.UNIMPLEMENTED
          .withDescription("the request has no message, the method takes one")
          .asException();
    }
    stop();
    sink.halfClosed();
  }

  private void awaitData() {
    if (subscription == null || waiting) {
      return;
    }
    waiting = true;
    if (idleTimeoutNanos > 0) {
      idleTimer = loop.schedule(this::idle, idleTimeoutNanos, TimeUnit.NANOSECONDS);
    }
    subscription.request(1);
  }

  private void idle() {
    fail(
        Status.DEADLINE_EXCEEDED.withDescription(
            "the client has sent nothing for "
                + TimeUnit.NANOSECONDS.toMillis(idleTimeoutNanos)
                + " ms, within the request"));
  }

  private void fail(Status status) {
    if (!done) {
      stop();
      sink.failed(status);
    }
  }

  private void stop() {
    if (done) {
      return;
    }
    done = true;
    stopIdleTimer();
    messages.close();
    budget.giveBack(heldBytes);
    heldBytes = 0;
    if (subscription != null && !inputEnded) {
      subscription.cancel();
    }
  }

  private void stopIdleTimer() {
    if (idleTimer != null) {
      idleTimer.cancel(false);
      idleTimer = null;
    }
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }
}
