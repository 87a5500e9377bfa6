package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.Node;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Makes many calls as fast as a node takes them. None of them may fail. */
final class Filler implements AutoCloseable {
  private static final int IN_FLIGHT = 256;
  private static final Duration STALLED = Duration.ofMinutes(2);

  private final ManagedChannel channel;

  Filler(Node node) {
    this.channel = node.newChannel();
  }

  /**
   * Makes calls and returns when all are answered.
   *
   * @param from of the first call
   * @param to of the last, exclusive
   * @param request for each number
   * @return how long it took
   */
  <Q, R> Duration fill(MethodDescriptor<Q, R> method, int from, int to, IntFunction<Q> request)
      throws InterruptedException {
    long begin = System.nanoTime();
    Semaphore permits = new Semaphore(IN_FLIGHT);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    for (int i = from; i < to; i++) {
      acquire(permits, 1);
      ClientCalls.asyncUnaryCall(
          channel.newCall(method, CallOptions.DEFAULT),
          request.apply(i),
          new StreamObserver<R>() {
            @Override
            public void onNext(R response) {}

            @Override
            public void onError(Throwable why) {
              failure.compareAndSet(null, why);
              permits.release();
            }

            @Override
            public void onCompleted() {
              permits.release();
            }
          });
    }
    acquire(permits, IN_FLIGHT);
    Throwable why = failure.get();
    if (why != null) {
      throw new IllegalStateException("could not fill the registry", why);
    }
    return Duration.ofNanos(System.nanoTime() - begin);
  }

  private static void acquire(Semaphore permits, int count) throws InterruptedException {
    if (!permits.tryAcquire(count, STALLED.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException("calls are not answered");
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
