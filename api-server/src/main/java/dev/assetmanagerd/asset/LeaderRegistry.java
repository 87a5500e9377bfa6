package dev.assetmanagerd.asset;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.raft.Committed;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The registry as the duties of the leader use it: every command is fenced by the term in which it
 * was thought of, and each step has a deadline of its own, however long the whole takes.
 * Thread-safe; blocks.
 *
 * <p>Failures come as statuses; that the term has ended is one of them.
 */
final class LeaderRegistry {
  private static final Duration STEP_DEADLINE = Duration.ofSeconds(10);

  private final ReplicatedRegistry registry;

  LeaderRegistry(ReplicatedRegistry registry) {
    this.registry = registry;
  }

  static Deadline stepDeadline() {
    return Deadline.after(STEP_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Has a command applied in a term or not at all. Throws where it is rejected. */
  Outcome propose(long term, Command.Builder command) {
    return propose(term, command, stepDeadline()).outcome();
  }

  /** The same within a caller's deadline. */
  Committed propose(long term, Command.Builder command, Deadline deadline) {
    Command fenced = command.setRequestId(UUID.randomUUID().toString()).setOnlyInTerm(term).build();
    Committed committed = RegistryAccess.await(registry.propose(fenced, deadline), deadline);
    var unused = RegistryAccess.accepted(committed.outcome());
    return committed;
  }

  /** Returns once this node has proved that it leads, or has caught up with whoever does. */
  void awaitLinearizable() {
    Deadline deadline = stepDeadline();
    RegistryAccess.await(registry.awaitLinearizable(deadline), deadline);
  }

  /**
   * Reads this node's own state. A leader's is as good as any to find work in: whether the work is
   * done is decided when its command is applied.
   */
  <T> T query(Function<RegistryView, T> query) {
    return registry.query(query);
  }
}
