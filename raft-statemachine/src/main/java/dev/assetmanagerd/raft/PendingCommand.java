package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import io.grpc.Deadline;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** A command and who waits for its outcome. Thread-safe. */
final class PendingCommand {
  private enum State {
    WAITING,
    SENT,
    EXPIRED_WAITING,
    EXPIRED_SENT
  }

  private final Command command;
  private final int bytes;
  private final Deadline deadline;
  private final boolean hereOnly;
  private final CompletableFuture<Committed> future = new CompletableFuture<>();
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

  /**
   * @param hereOnly fail rather than be forwarded
   */
  PendingCommand(Command command, Deadline deadline, boolean hereOnly) {
    this.command = command;
    this.bytes = command.getSerializedSize();
    this.deadline = deadline;
    this.hereOnly = hereOnly;
  }

  Command command() {
    return command;
  }

  int bytes() {
    return bytes;
  }

  Deadline deadline() {
    return deadline;
  }

  boolean hereOnly() {
    return hereOnly;
  }

  CompletableFuture<Committed> future() {
    return future;
  }

  /** False when it has expired and must not be sent any more. */
  boolean markSent() {
    return state.compareAndSet(State.WAITING, State.SENT);
  }

  /** It was certainly not proposed. False when it has expired meanwhile. */
  boolean markWaiting() {
    return state.compareAndSet(State.SENT, State.WAITING);
  }

  /** Whether it may have been proposed by now. */
  boolean sent() {
    State now = state.get();
    return now == State.SENT || now == State.EXPIRED_SENT;
  }

  void expireWith(Timers timers, Supplier<Throwable> failure) {
    Future<?> timer =
        timers.at(
            deadline,
            () -> {
              state.updateAndGet(
                  now -> now == State.WAITING ? State.EXPIRED_WAITING : State.EXPIRED_SENT);
              future.completeExceptionally(failure.get());
            });
    var unused = future.whenComplete((done, thrown) -> timer.cancel(false));
  }

  void complete(Committed committed) {
    future.complete(committed);
  }

  void fail(Throwable failure) {
    future.completeExceptionally(failure);
  }

  /** Why a future of this class failed. */
  static RuntimeException failureOf(CompletableFuture<Committed> failed) {
    try {
      var unexpected = failed.join();
      throw new IllegalStateException("has not failed: " + unexpected);
    } catch (CompletionException e) {
      return e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }
}
