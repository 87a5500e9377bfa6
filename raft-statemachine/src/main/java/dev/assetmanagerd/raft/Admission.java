package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.registry.FormatLevels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * Keeps commands out of the leader's log that the registry's format level does not allow, and what
 * this program does not know: some node would have to stop at it. Thread-safe.
 */
final class Admission {
  private final IntSupplier formatLevel;
  private final AppliedIndex applied;

  /**
   * @param formatLevel of the registry as applied here
   */
  Admission(IntSupplier formatLevel, AppliedIndex applied) {
    this.formatLevel = formatLevel;
    this.applied = applied;
  }

  /**
   * Appends the commands that may be, and answers the others with a rejection, each in its place.
   *
   * @param committedIndex of now. What is committed and not applied here yet may have raised the
   *     level, so nothing is rejected before it is
   * @param log appends commands as one entry
   */
  CompletableFuture<ProposeResponse> append(
      List<Command> commands,
      long committedIndex,
      Function<List<Command>, CompletableFuture<ProposeResponse>> log) {
    if (allAdmitted(commands)) {
      return log.apply(commands);
    }
    return applied
        .await(committedIndex)
        .thenCompose(done -> appendAdmitted(commands, committedIndex, log));
  }

  private boolean allAdmitted(List<Command> commands) {
    int level = formatLevel.getAsInt();
    for (Command command : commands) {
      if (FormatLevels.refusal(command, level).isPresent()) {
        return false;
      }
    }
    return true;
  }

  private CompletableFuture<ProposeResponse> appendAdmitted(
      List<Command> commands,
      long committedIndex,
      Function<List<Command>, CompletableFuture<ProposeResponse>> log) {
    int level = formatLevel.getAsInt();
    List<Optional<Outcome>> refusals = new ArrayList<>(commands.size());
    List<Command> admitted = new ArrayList<>();
    for (Command command : commands) {
      Optional<Outcome> refusal = FormatLevels.refusal(command, level);
      refusals.add(refusal);
      if (refusal.isEmpty()) {
        admitted.add(command);
      }
    }
    CompletableFuture<ProposeResponse> appended =
        admitted.isEmpty()
            ? CompletableFuture.completedFuture(
                ProposeResponse.newBuilder().setIndex(committedIndex).build())
            : log.apply(admitted);
    return appended.thenApply(response -> merged(refusals, response));
  }

  private static ProposeResponse merged(
      List<Optional<Outcome>> refusals, ProposeResponse response) {
    ProposeResponse.Builder all = ProposeResponse.newBuilder().setIndex(response.getIndex());
    int next = 0;
    for (Optional<Outcome> refusal : refusals) {
      all.addOutcomes(refusal.isPresent() ? refusal.get() : response.getOutcomes(next++));
    }
    return all.build();
  }
}
