package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.TransferLeadershipResponse;
import dev.assetmanagerd.node.v1.HandOverLeadershipRequest;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Moves leadership, wherever it is, and waits until this node knows the new leader. */
public final class LeadershipTransfer {
  private static final Duration POLL_INTERVAL = Duration.ofMillis(10);

  private final String selfId;
  private final LocalNode node;
  private final NodeLinks links;
  private final Executor later;
  private final LongSupplier nanoClock;

  /**
   * @param executor for looking whether the new leader is known; not blocked
   * @param nanoClock monotonic, nanoseconds
   */
  public LeadershipTransfer(
      String selfId, LocalNode node, NodeLinks links, Executor executor, LongSupplier nanoClock) {
    this.selfId = selfId;
    this.node = node;
    this.links = links;
    this.later =
        CompletableFuture.delayedExecutor(
            POLL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS, executor);
    this.nanoClock = nanoClock;
  }

  /**
   * @param target id of a member; empty for any but the one that leads
   */
  CompletableFuture<TransferLeadershipResponse> to(String target, Deadline deadline) {
    long start = nanoClock.getAsLong();
    Optional<String> leader = node.leaderId();
    if (leader.isEmpty()) {
      return CompletableFuture.failedFuture(
          new ClusterUnavailableException(Reason.NO_LEADER, false, "no leader is known"));
    }
    String from = leader.get();
    if (from.equals(target)) {
      return CompletableFuture.completedFuture(response(target, start));
    }
    return handOver(from, target, deadline)
        .thenCompose(done -> newLeader(from, deadline))
        .thenApply(to -> response(to, start));
  }

  private CompletableFuture<?> handOver(String from, String target, Deadline deadline) {
    if (from.equals(selfId)) {
      return node.handOverLeadership(Optional.of(target).filter(id -> !id.isEmpty()), deadline);
    }
    return links.handOverLeadership(
        from, HandOverLeadershipRequest.newBuilder().setNodeId(target).build(), deadline);
  }

  private CompletableFuture<String> newLeader(String from, Deadline deadline) {
    CompletableFuture<String> found = new CompletableFuture<>();
    look(from, deadline, found);
    return found;
  }

  private void look(String from, Deadline deadline, CompletableFuture<String> found) {
    Optional<String> leader = node.leaderId().filter(id -> !id.equals(from));
    if (leader.isPresent()) {
      found.complete(leader.get());
    } else if (deadline.isExpired()) {
      found.completeExceptionally(
          new ClusterUnavailableException(
              Reason.DEADLINE, true, "leadership was handed over, but no new leader is known"));
    } else {
      later.execute(() -> look(from, deadline, found));
    }
  }

  private TransferLeadershipResponse response(String leaderId, long start) {
    return TransferLeadershipResponse.newBuilder()
        .setLeaderId(leaderId)
        .setTookMillis(TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - start))
        .build();
  }
}
