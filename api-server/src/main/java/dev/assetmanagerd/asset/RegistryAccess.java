package dev.assetmanagerd.asset;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.raft.Committed;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * The replicated registry as the calls of this service use it: with the caller's deadline, the
 * freshness the caller asked for, and rejections as errors. Thread-safe.
 *
 * <p>The methods that wait need no other thread of the executor meanwhile: where all of its threads
 * wait, they would wait for each other.
 */
final class RegistryAccess {
  /** How much later than its deadline a future may still be waited for; it should never be. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final ReplicatedRegistry registry;
  private final Duration defaultDeadline;
  private final Executor executor;

  /**
   * @param executor runs what follows a wait, queries included, so that the registry's own threads
   *     stay free; must not refuse tasks
   */
  RegistryAccess(ReplicatedRegistry registry, Duration defaultDeadline, Executor executor) {
    this.registry = registry;
    this.defaultDeadline = defaultDeadline;
    this.executor = executor;
  }

  /** The caller's deadline, or the default one from now. To be asked on the call's thread. */
  Deadline deadline() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? Deadline.after(defaultDeadline.toNanos(), TimeUnit.NANOSECONDS)
        : deadline;
  }

  /**
   * For the registry's part of a call that spends most of its time with bytes: the default one from
   * now, or the caller's where that is earlier. A deadline meant for a transfer of hours is no
   * reason to wait for a leader as long.
   */
  Deadline deadlineAfterTransfer() {
    Deadline fromNow = Deadline.after(defaultDeadline.toNanos(), TimeUnit.NANOSECONDS);
    Deadline caller = Context.current().getDeadline();
    return caller == null ? fromNow : fromNow.minimum(caller);
  }

  /**
   * Proposes a command; fails with a status where it is rejected. What the call is about goes
   * through {@link CallScope#keyed(Command.Builder)} first.
   */
  CompletableFuture<Outcome> propose(CallScope scope, Command.Builder command, Deadline deadline) {
    return registry
        .propose(withRequestId(command), deadline)
        .thenApplyAsync(committed -> accepted(noted(scope, committed)), executor);
  }

  /** Proposes a command and waits on the calling thread; throws a status where it is rejected. */
  Outcome proposeAndWait(CallScope scope, Command.Builder command, Deadline deadline) {
    return accepted(proposeRawAndWait(scope, command, deadline));
  }

  /** Proposes a command and waits on the calling thread; a rejection is an outcome. */
  Outcome proposeRawAndWait(CallScope scope, Command.Builder command, Deadline deadline) {
    return noted(scope, await(registry.propose(withRequestId(command), deadline), deadline));
  }

  /**
   * What an earlier call with the same idempotency key was answered, on the calling thread; throws
   * a status where the key came with another request. For calls that do more than one command:
   * asked first, a repeated call does none of the rest again.
   */
  Optional<Outcome> replayed(CallScope scope, Deadline deadline) {
    Command.Builder keyed = scope.keyed(Command.newBuilder());
    if (!keyed.hasIdempotency()) {
      return Optional.empty();
    }
    Optional<Outcome> reply =
        readLinearizableAndWait(deadline, view -> view.reply(keyed.getIdempotency()));
    reply.ifPresent(
        outcome -> {
          accepted(outcome);
          scope.replayed();
        });
    return reply;
  }

  private static Command withRequestId(Command.Builder command) {
    return command.setRequestId(UUID.randomUUID().toString()).build();
  }

  private static Outcome noted(CallScope scope, Committed committed) {
    scope.wrote(committed.index());
    if (committed.outcome().getReplayed()) {
      scope.replayed();
    }
    return committed.outcome();
  }

  /** The outcome itself, unless it is a rejection. */
  static Outcome accepted(Outcome outcome) {
    if (outcome.hasRejection()) {
      throw ApiErrors.rejected(outcome.getRejection());
    }
    return outcome;
  }

  /** Reads as freshly as the caller asked for. */
  <T> CompletableFuture<T> read(
      CallScope scope, Deadline deadline, Function<RegistryView, T> query) {
    CompletableFuture<Void> ready = readPoint(scope, deadline);
    return queryAfter(ready, query);
  }

  /** Reads what every write acknowledged before this call left, whatever the caller asked for. */
  <T> CompletableFuture<T> readLinearizable(Deadline deadline, Function<RegistryView, T> query) {
    return queryAfter(registry.awaitLinearizable(deadline), query);
  }

  /** The same on the calling thread. */
  <T> T readLinearizableAndWait(Deadline deadline, Function<RegistryView, T> query) {
    await(registry.awaitLinearizable(deadline), deadline);
    return registry.query(query);
  }

  /** Reads this node's own state, which has to contain a log index, within the default deadline. */
  <T> CompletableFuture<T> readApplied(long index, Function<RegistryView, T> query) {
    Deadline fromNow = Deadline.after(defaultDeadline.toNanos(), TimeUnit.NANOSECONDS);
    return queryAfter(registry.awaitApplied(index, fromNow), query);
  }

  private <T> CompletableFuture<T> queryAfter(
      CompletableFuture<Void> ready, Function<RegistryView, T> query) {
    if (ready.isDone()) {
      return ready.thenApply(nothing -> registry.query(query));
    }
    return ready.thenApplyAsync(nothing -> registry.query(query), executor);
  }

  private CompletableFuture<Void> readPoint(CallScope scope, Deadline deadline) {
    CompletableFuture<Void> fresh = fresh(scope.freshness(), deadline);
    if (scope.minIndex().isEmpty()) {
      return fresh;
    }
    CompletableFuture<Void> applied = registry.awaitApplied(scope.minIndex().getAsLong(), deadline);
    return CompletableFuture.allOf(fresh, applied);
  }

  private CompletableFuture<Void> fresh(CallScope.Freshness freshness, Deadline deadline) {
    if (freshness instanceof CallScope.Freshness.Linearizable) {
      return registry.awaitLinearizable(deadline);
    }
    if (freshness instanceof CallScope.Freshness.Stale stale) {
      Duration age = registry.staleness();
      if (age.compareTo(stale.maxAge()) > 0) {
        return CompletableFuture.failedFuture(
            ApiErrors.unavailable(
                "this node last heard from a leader more than "
                    + stale.maxAge().toMillis()
                    + " ms ago, and header Assetmanager-Consistency allows no older state"));
      }
    }
    return CompletableFuture.completedFuture(null);
  }

  /** Waits on the calling thread; failures come out as statuses. */
  static <T> T await(CompletableFuture<T> future, Deadline deadline) {
    long waitNanos = Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)) + GRACE.toNanos();
    try {
      return future.get(waitNanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw ApiErrors.of(e);
    } catch (TimeoutException e) {
      throw ApiErrors.outcomeUnknown("no answer from the registry within the deadline");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiErrors.outcomeUnknown("interrupted; the node is probably stopping");
    }
  }
}
