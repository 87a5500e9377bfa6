package dev.assetmanagerd.storage.file;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.storage.file.StaleHandles.IoAction;
import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Something that steps work on, one at a time. It is released when it is closed and no step is at
 * it any more: by whoever closes it, or by the step that hung in it, when that ends. Closing a file
 * that another thread hangs in would hang, too.
 *
 * <p>Thread-safe.
 */
public final class StepGuard {
  /** A step in another thread that is not hanging ends in less. */
  private static final long CLOSE_WAIT_SECONDS = 2;

  private final IoSteps steps;
  private final String releaseWhat;
  private final IoAction release;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition left = lock.newCondition();

  @GuardedBy("lock")
  private boolean busy;

  @GuardedBy("lock")
  private boolean closed;

  /**
   * @param releaseWhat what releasing does, like {@code close a file}
   * @param release is run once
   */
  public StepGuard(IoSteps steps, String releaseWhat, IoAction release) {
    this.steps = steps;
    this.releaseWhat = releaseWhat;
    this.release = release;
  }

  /**
   * Runs a step.
   *
   * @throws ClosedChannelException when it is closed
   * @throws IOException also when an earlier step is still at it
   */
  public <T> T step(String what, IoCall<T> call) throws IOException {
    return steps.run(
        what,
        () -> {
          enter(what);
          try {
            return call.run();
          } finally {
            leave();
          }
        });
  }

  /** Runs a step without a result. */
  public void stepAction(String what, IoAction action) throws IOException {
    boolean done =
        step(
            what,
            () -> {
              action.run();
              return true;
            });
    assert done;
  }

  /** Releases it, now or when the step that is at it ends. Waits no longer than a moment. */
  public void close() {
    boolean now;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      now = !busy;
      if (busy) {
        awaitLeft();
      }
    } finally {
      lock.unlock();
    }
    if (now) {
      steps.cleanUp(releaseWhat, release);
    }
  }

  @GuardedBy("lock")
  private void awaitLeft() {
    long nanos = TimeUnit.SECONDS.toNanos(CLOSE_WAIT_SECONDS);
    try {
      while (busy && nanos > 0) {
        nanos = left.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void enter(String what) throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new ClosedChannelException();
      }
      if (busy) {
        throw new IOException(what + ": an earlier step has not ended");
      }
      busy = true;
    } finally {
      lock.unlock();
    }
  }

  private void leave() {
    boolean releasing;
    lock.lock();
    try {
      releasing = closed; // while a step was at it, so that it was left to this thread
      if (!releasing) {
        ended();
      }
    } finally {
      lock.unlock();
    }
    if (releasing) {
      steps.cleanUp(releaseWhat, release);
      lock.lock();
      try {
        ended();
      } finally {
        lock.unlock();
      }
    }
  }

  @GuardedBy("lock")
  private void ended() {
    busy = false;
    left.signalAll();
  }
}
