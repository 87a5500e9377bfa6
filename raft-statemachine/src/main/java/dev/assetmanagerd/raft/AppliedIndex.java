package dev.assetmanagerd.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * The last log index that this node's registry contains, and whoever waits for a later one.
 *
 * <p>Thread-safe. Waiters are completed on the given executor, never on the thread that applies.
 */
final class AppliedIndex {
  private record Waiter(long index, CompletableFuture<Void> future) {}

  private final Executor executor;
  private final PriorityQueue<Waiter> waiters =
      new PriorityQueue<>((a, b) -> Long.compare(a.index(), b.index()));
  private boolean closed;
  private volatile long index;

  AppliedIndex(Executor executor, long index) {
    this.executor = executor;
    this.index = index;
  }

  long get() {
    return index;
  }

  /** Moves on and wakes whom it concerns. Smaller values are ignored: an index never goes back. */
  void advance(long newIndex) {
    List<Waiter> due = null;
    synchronized (this) {
      if (newIndex <= index) {
        return;
      }
      index = newIndex;
      while (!waiters.isEmpty() && waiters.element().index() <= newIndex) {
        due = due == null ? new ArrayList<>() : due;
        due.add(waiters.remove());
      }
    }
    if (due != null) {
      List<Waiter> ready = due;
      executor.execute(() -> ready.forEach(waiter -> waiter.future().complete(null)));
    }
  }

  /**
   * Completes when {@code wanted} is applied. The caller bounds the wait by completing the future
   * itself, which also forgets the waiter.
   */
  CompletableFuture<Void> await(long wanted) {
    if (index >= wanted) {
      return CompletableFuture.completedFuture(null);
    }
    var waiter = new Waiter(wanted, new CompletableFuture<>());
    synchronized (this) {
      if (index >= wanted) {
        return CompletableFuture.completedFuture(null);
      }
      if (closed) {
        return CompletableFuture.failedFuture(stopping());
      }
      waiters.add(waiter);
    }
    var unused =
        waiter
            .future()
            .whenComplete(
                (done, failure) -> {
                  if (failure != null) {
                    forget(waiter);
                  }
                });
    return waiter.future();
  }

  /** Fails whoever still waits, and who comes later. */
  void close() {
    List<Waiter> left;
    synchronized (this) {
      closed = true;
      left = new ArrayList<>(waiters);
    }
    left.forEach(waiter -> waiter.future().completeExceptionally(stopping()));
  }

  private static ClusterUnavailableException stopping() {
    return new ClusterUnavailableException(
        ClusterUnavailableException.Reason.STOPPING, false, "this node is stopping");
  }

  private synchronized void forget(Waiter waiter) {
    waiters.remove(waiter);
  }
}
