package dev.assetmanagerd.raft;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.grpc.Deadline;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's timer thread. Tasks must be short. Thread-safe. */
final class Timers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Timers.class);

  private final ScheduledThreadPoolExecutor executor;

  Timers(String name) {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    // Whoever comes after close() gets no timer, and no exception either: everything that could be
    // waited for has been completed by then.
    executor.setRejectedExecutionHandler((task, pool) -> {});
  }

  @CanIgnoreReturnValue
  Future<?> after(long delayMillis, Runnable task) {
    return executor.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
  }

  Future<?> at(Deadline deadline, Runnable task) {
    return executor.schedule(
        task, deadline.timeRemaining(TimeUnit.NANOSECONDS), TimeUnit.NANOSECONDS);
  }

  /** Goes on when the task fails once, which the executor alone would not. */
  void every(long periodMillis, Runnable task) {
    Runnable guarded =
        () -> {
          try {
            task.run();
          } catch (RuntimeException e) {
            LOG.warn("a periodic task failed; it is run again", e);
          }
        };
    var unused =
        executor.scheduleWithFixedDelay(guarded, periodMillis, periodMillis, TimeUnit.MILLISECONDS);
  }

  /** Fails the future at the deadline, unless it is done by then; returns it. */
  @CanIgnoreReturnValue
  <T> CompletableFuture<T> bound(
      CompletableFuture<T> future, Deadline deadline, Supplier<Throwable> failure) {
    if (future.isDone()) {
      return future;
    }
    Future<?> timer = at(deadline, () -> future.completeExceptionally(failure.get()));
    var unused = future.whenComplete((value, thrown) -> timer.cancel(false));
    return future;
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
