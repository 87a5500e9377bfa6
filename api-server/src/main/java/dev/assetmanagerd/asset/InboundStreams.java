package dev.assetmanagerd.asset;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The streams of one kind that clients send to this node: how many there may be, and which of them
 * are idle. Thread-safe.
 */
final class InboundStreams implements AutoCloseable {
  private final String kind;
  private final int maxRunning;
  private final Semaphore permits;
  private final Set<InboundStream<?, ?>> running = ConcurrentHashMap.newKeySet();
  private final ScheduledFuture<?> idleCheck;

  /**
   * @param kind for the message to those that are refused, in the plural
   * @param maxRunning how many there may be at the same time
   * @param idleTimeout a stream whose client sends nothing for this long is ended
   * @param executor ends them
   */
  InboundStreams(
      String kind,
      int maxRunning,
      Duration idleTimeout,
      Executor executor,
      ScheduledExecutorService scheduler) {
    this.kind = kind;
    this.maxRunning = maxRunning;
    this.permits = new Semaphore(maxRunning);
    long idleNanos = idleTimeout.toNanos();
    long checkNanos = Math.max(1, idleNanos / 4);
    this.idleCheck =
        scheduler.scheduleWithFixedDelay(
            () -> executor.execute(() -> running.forEach(stream -> stream.failIfIdle(idleNanos))),
            checkNanos,
            checkNanos,
            TimeUnit.NANOSECONDS);
  }

  <Q, S> StreamObserver<Q> start(
      InboundStream.Handler<Q, S> handler, ServerCallStreamObserver<S> response) {
    if (!permits.tryAcquire()) {
      throw ApiErrors.resourceExhausted(
          maxRunning + " " + kind + " run on this node already; try another one, or later");
    }
    InboundStream<Q, S> stream = new InboundStream<>(handler, response, this::ended);
    running.add(stream);
    stream.start();
    return stream;
  }

  private void ended(InboundStream<?, ?> stream) {
    if (running.remove(stream)) {
      permits.release();
    }
  }

  /** Number of streams that run now. */
  int running() {
    return running.size();
  }

  @Override
  public void close() {
    idleCheck.cancel(false);
  }
}
