package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.file.DiskFailure;
import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StaleHandles.IoAction;
import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Steps on threads of their own, of which there are so many and no more.
 *
 * <p>A thread that hangs in the kernel can be neither interrupted nor taken back. So a caller waits
 * for its step for the timeout and then leaves it alone: the thread, and the place in the line that
 * it holds, come back when the file system does. When every place is held by a step that hangs,
 * further calls fail at once; when the places are merely taken, they wait for one, as long as for a
 * step. Nothing has to be done for it to go on when the file system answers again.
 *
 * <p>Thread-safe.
 */
public final class BoundedSteps implements IoSteps, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BoundedSteps.class);

  /** What is flushed at a time; in the default timeout that takes 2 MB/s. */
  private static final long MAX_UNFLUSHED_BYTES = 64L << 20;

  private static final int MAX_BACKLOG = 4096;
  private static final Duration CLEAN_UP_PATIENCE = Duration.ofSeconds(2);
  private static final long THREAD_LIFE_SECONDS = 60;

  private final String store;
  private final int maxSteps;
  private final Duration timeout;
  private final LongSupplier nanoClock;
  private final Semaphore places;
  private final ThreadPoolExecutor threads;
  private final Set<Step<?>> running = ConcurrentHashMap.newKeySet();

  /** Tidying up that found no place. */
  private final BlockingQueue<Step<?>> backlog = new ArrayBlockingQueue<>(MAX_BACKLOG);

  private final AtomicLong timedOut = new AtomicLong();
  private final AtomicLong rejected = new AtomicLong();

  /**
   * @param store what it is, for messages, like {@code blob directory /mnt}
   * @param maxSteps how many there may be at a time, hanging ones included
   * @param timeout for a step, and for a place
   * @param nanoClock monotonic
   */
  public BoundedSteps(String store, int maxSteps, Duration timeout, LongSupplier nanoClock) {
    this.store = store;
    this.maxSteps = maxSteps;
    this.timeout = timeout;
    this.nanoClock = nanoClock;
    this.places = new Semaphore(maxSteps, true);
    AtomicInteger number = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            maxSteps,
            maxSteps,
            THREAD_LIFE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(maxSteps), // a place comes first, so it is never full
            task -> new StepThread(this, task, "store-" + number.incrementAndGet()));
    threads.allowCoreThreadTimeOut(true);
  }

  @Override
  public <T> T run(String what, IoCall<T> call, Consumer<? super T> late) throws IOException {
    if (isOwnThread()) {
      return typed(call);
    }
    Step<T> step = new Step<>(what, () -> typed(call), late);
    takePlace(what);
    start(step);
    return await(step);
  }

  @Override
  public void cleanUp(String what, IoAction action) {
    if (isOwnThread()) {
      DIRECT.cleanUp(what, action);
      return;
    }
    Step<Boolean> step =
        new Step<>(
            what,
            () -> {
              DIRECT.cleanUp(what, action);
              return true;
            },
            done -> {});
    if (places.tryAcquire()) {
      try {
        start(step);
        var unused = step.result.get(CLEAN_UP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (TimeoutException e) {
        log.info("{}: \"{}\" takes its time; nobody waits for it", store, what);
      } catch (ExecutionException | IOException e) {
        log.warn("{}: cannot {}: {}", store, what, e.toString());
      }
    } else if (!backlog.offer(step)) {
      log.warn("{}: cannot {}: it hangs, and too much is to be tidied up already", store, what);
    }
  }

  @Override
  public long maxUnflushedBytes() {
    return MAX_UNFLUSHED_BYTES;
  }

  private boolean isOwnThread() {
    return Thread.currentThread() instanceof StepThread thread && thread.owner == this;
  }

  private void takePlace(String what) throws IOException {
    try {
      if (places.tryAcquire()) {
        return;
      }
      boolean allHang = hanging() >= maxSteps;
      if (allHang || !places.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        rejected.incrementAndGet();
        throw hangs("there is no thread left to " + what);
      }
    } catch (InterruptedException e) {
      throw interrupted(what, e);
    }
  }

  private void start(Step<?> step) throws BlobStoreUnavailableException {
    step.startNanos = nanoClock.getAsLong(); // the wait for a place is no part of it
    running.add(step);
    try {
      threads.execute(
          () -> {
            try {
              step.run();
              running.remove(step);
              tidyUp();
            } finally {
              running.remove(step);
              places.release();
            }
          });
    } catch (RejectedExecutionException e) {
      running.remove(step);
      places.release();
      throw new BlobStoreUnavailableException(store, "the node is stopping", e);
    }
  }

  private void tidyUp() {
    for (Step<?> step = backlog.poll(); step != null; step = backlog.poll()) {
      step.startNanos = nanoClock.getAsLong();
      running.add(step);
      try {
        step.run();
      } finally {
        running.remove(step);
      }
    }
  }

  private <T> T await(Step<T> step) throws IOException {
    try {
      return step.result.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } catch (TimeoutException e) {
      timedOut.incrementAndGet();
      return abandon(
          step, hangs("to %s has taken more than %s".formatted(step.what, seconds(timeout))));
    } catch (InterruptedException e) {
      return abandon(step, interrupted(step.what, e));
    }
  }

  /** The result where it has just come, after all; else the step's own thread disposes of it. */
  private static <T> T abandon(Step<T> step, IOException reason) throws IOException {
    if (step.result.completeExceptionally(reason)) {
      throw reason;
    }
    try {
      return step.result.join();
    } catch (CompletionException e) {
      throw failure(e.getCause());
    }
  }

  private static IOException failure(@Nullable Throwable cause) {
    if (cause instanceof IOException io) {
      return io;
    }
    if (cause instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return new IOException(cause);
  }

  private static InterruptedIOException interrupted(String what, InterruptedException e) {
    Thread.currentThread().interrupt();
    InterruptedIOException interrupted =
        new InterruptedIOException("interrupted while waiting to " + what);
    interrupted.initCause(e);
    return interrupted;
  }

  /** A device or server that fails is a store that cannot be used, and no bug of the caller's. */
  private <T> T typed(IoCall<T> call) throws IOException {
    try {
      return call.run();
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      DiskFailure kind = DiskFailure.of(e);
      if (kind == DiskFailure.IO_ERROR || kind == DiskFailure.STALE_HANDLE) {
        throw new BlobStoreUnavailableException(store, String.valueOf(e.getMessage()), e);
      }
      throw e;
    }
  }

  /** What hangs in the store now, longer than the timeout; empty when nothing does. */
  public Optional<String> problem() {
    return hanging() == 0 ? Optional.empty() : Optional.of(state());
  }

  /** An error that says what hangs. */
  StoreHangsException hangs(String what) {
    return new StoreHangsException(store, what + "; " + state());
  }

  private String state() {
    OptionalLong oldest = running.stream().mapToLong(this::ageNanos).max();
    return "%d of %d threads hang, %d are busy, the longest for %s"
        .formatted(
            hanging(),
            maxSteps,
            Math.max(0, running() - hanging()),
            seconds(Duration.ofNanos(oldest.orElse(0))));
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() / 1000.0 + " s";
  }

  private long ageNanos(Step<?> step) {
    return nanoClock.getAsLong() - step.startNanos;
  }

  /** Steps that are being done, hanging ones included. */
  public int running() {
    return running.size();
  }

  /** Steps that have taken longer than the timeout and have not ended. */
  public int hanging() {
    long limit = timeout.toNanos();
    return (int) running.stream().filter(step -> ageNanos(step) >= limit).count();
  }

  /** Steps there may be at a time. */
  public int maxSteps() {
    return maxSteps;
  }

  /** Steps that nobody waited for any longer, since the start. */
  public long timedOut() {
    return timedOut.get();
  }

  /** Calls that found no thread, since the start. */
  public long rejected() {
    return rejected.get();
  }

  /** Takes no more steps. Does not wait for those that hang; their threads hinder no exit. */
  @Override
  public void close() {
    threads.shutdown();
  }

  /** One call into the file system. */
  private final class Step<T> {
    private final String what;
    private final IoCall<T> call;
    private final Consumer<? super T> late;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private volatile long startNanos = nanoClock.getAsLong();

    Step(String what, IoCall<T> call, Consumer<? super T> late) {
      this.what = what;
      this.call = call;
      this.late = late;
    }

    void run() {
      T value;
      try {
        value = call.run();
      } catch (Throwable e) { // also an Error: somebody waits
        result.completeExceptionally(e);
        return;
      }
      if (!result.complete(value)) {
        late.accept(value);
      }
    }
  }

  /** Daemons, for one that hangs must not keep the process. */
  private static final class StepThread extends Thread {
    private final BoundedSteps owner;

    StepThread(BoundedSteps owner, Runnable task, String name) {
      super(task, name);
      this.owner = owner;
      setDaemon(true);
    }
  }
}
