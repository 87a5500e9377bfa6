package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The replicated registry as any node sees it: whichever node is asked, the answer is the same.
 *
 * <p>Thread-safe. No method blocks but {@link #query}. Futures fail with {@link
 * ClusterUnavailableException} and nothing else that a caller should handle.
 */
public interface ReplicatedRegistry {
  /**
   * Has a command applied, wherever the leader is.
   *
   * <p>The future completes when this node knows the outcome; a rejection by a business rule is an
   * outcome. Where it fails, {@link ClusterUnavailableException#outcomeUnknown()} tells whether the
   * command may have been applied all the same.
   */
  CompletableFuture<Committed> propose(Command command, Deadline deadline);

  /**
   * Completes when this node has applied everything that was acknowledged to anyone before the
   * call; a {@link #query} made then is linearizable.
   */
  CompletableFuture<Void> awaitLinearizable(Deadline deadline);

  /** Completes when this node has applied {@code index}, without asking the leader. */
  CompletableFuture<Void> awaitApplied(long index, Deadline deadline);

  /**
   * Runs a query against this node's registry as it is now, on the calling thread.
   *
   * @throws dev.assetmanagerd.registry.RegistryException when the database fails
   */
  <T> T query(Function<RegistryView, T> query);

  /**
   * An upper bound of how old this node's registry may be: the time since it last heard from a
   * leader, or zero-ish on the leader itself. Decades when it never did.
   */
  Duration staleness();
}
