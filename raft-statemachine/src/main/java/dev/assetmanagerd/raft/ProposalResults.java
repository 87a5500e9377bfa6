package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the result of a batch means for its commands, and the other way round. */
final class ProposalResults {
  private static final Logger LOG = LoggerFactory.getLogger(ProposalResults.class);

  private ProposalResults() {}

  /** Whether it is certain that nothing was proposed, and worth another try. */
  static boolean isNotProposed(Throwable failure) {
    if (failure instanceof NotProposedException || failure instanceof NotLeaderException) {
      return true;
    }
    return failure instanceof ClusterUnavailableException unavailable
        && !unavailable.outcomeUnknown()
        && (unavailable.reason() == Reason.NO_LEADER || unavailable.reason() == Reason.STOPPING);
  }

  /** Tells each command its outcome. */
  static void deliver(List<PendingCommand> batch, ProposeResponse response) {
    if (response.getOutcomesCount() != batch.size()) {
      LOG.error(
          "{} outcomes for {} commands from the leader", response.getOutcomesCount(), batch.size());
      fail(batch, null);
      return;
    }
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).complete(new Committed(response.getOutcomes(i), response.getIndex()));
    }
  }

  /** Tells all commands of a batch why there is no outcome. */
  static void fail(List<PendingCommand> batch, @Nullable Throwable failure) {
    ClusterUnavailableException reported =
        failure instanceof ClusterUnavailableException known
            ? known
            : new ClusterUnavailableException(
                Reason.NO_LEADER,
                !(failure instanceof NotProposedException || failure instanceof NotLeaderException),
                "the leader did not answer as it should: " + failure);
    batch.forEach(pending -> pending.fail(reported));
  }

  static Outcome tooLarge(PendingCommand pending) {
    return Outcome.newBuilder()
        .setRejection(
            Rejection.newBuilder()
                .setRule(Rejection.Rule.RULE_INVALID)
                .setMessage(
                    "the command has %d bytes; at most %d are allowed"
                        .formatted(pending.bytes(), ProposalQueue.COMMAND_BYTES_MAX)))
        .build();
  }

  /**
   * One response for all, or one failure: an unknown outcome if any is unknown or some commands
   * were applied and others not.
   */
  static ProposeResponse combine(List<CompletableFuture<Committed>> results, boolean failed) {
    if (!failed) {
      var response = ProposeResponse.newBuilder();
      for (CompletableFuture<Committed> result : results) {
        Committed committed = result.join();
        response.addOutcomes(committed.outcome());
        response.setIndex(Math.max(response.getIndex(), committed.index()));
      }
      return response.build();
    }
    throw combinedFailure(results);
  }

  private static RuntimeException combinedFailure(List<CompletableFuture<Committed>> results) {
    RuntimeException first = null;
    boolean anyApplied = false;
    for (CompletableFuture<Committed> result : results) {
      if (!result.isCompletedExceptionally()) {
        anyApplied = true;
        continue;
      }
      RuntimeException failure = PendingCommand.failureOf(result);
      if (failure instanceof ClusterUnavailableException unavailable
          && unavailable.outcomeUnknown()) {
        return unavailable;
      }
      first = first == null ? failure : first;
    }
    return anyApplied || first == null
        ? new ClusterUnavailableException(
            Reason.NO_LEADER, true, "only some of the commands were proposed: " + first)
        : first;
  }
}
