package dev.assetmanagerd.raft;

import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves leadership on purpose. Thread-safe. */
final class Handover {
  private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

  /** Entries in flight are committed within this, or there is no majority to commit them. */
  private static final long DRAIN_MILLIS_MAX = 1_000;

  private final RaftServer server;
  private final RaftServer.Division division;
  private final LeaderReads leaderReads;
  private final ProposalQueue proposals;
  private final Timers timers;
  private final Duration settle;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();
  private final AtomicInteger underWay = new AtomicInteger();

  /**
   * @param settle how long after a handover a late election may still come of it
   */
  Handover(
      RaftServer server,
      RaftServer.Division division,
      LeaderReads leaderReads,
      ProposalQueue proposals,
      Timers timers,
      Duration settle) {
    this.server = server;
    this.division = division;
    this.leaderReads = leaderReads;
    this.proposals = proposals;
    this.timers = timers;
    this.settle = settle;
  }

  CompletableFuture<Void> transfer(@Nullable String to, Duration timeout) {
    if (!division.getInfo().isLeader()) {
      RaftPeerId leader = division.getInfo().getLeaderId();
      return CompletableFuture.failedFuture(
          new NotLeaderException(leader == null ? null : leader.toString()));
    }
    RaftPeerId target = to == null ? mostUpToDate() : RaftPeerId.valueOf(to);
    if (to != null && !isVoter(RaftPeerId.valueOf(to))) {
      return CompletableFuture.failedFuture(
          new IllegalArgumentException("\"" + to + "\" is not a voting member"));
    }
    if (target == null) {
      return CompletableFuture.failedFuture(
          new ClusterUnavailableException(
              Reason.NO_LEADER, false, "there is no other member to lead"));
    }
    return request(target, timeout);
  }

  /** Best effort: where nobody can take over, the others elect one when this node is gone. */
  void beforeStop() {
    if (!division.getInfo().isLeader() || division.getRaftConf().getCurrentPeers().size() < 2) {
      return;
    }
    try {
      var unused = transfer(null, settle).get(settle.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.info("leadership was not handed over before stopping: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** First lets what is in flight be committed, so that no caller is left not knowing. */
  private CompletableFuture<Void> request(RaftPeerId target, Duration timeout) {
    Deadline limit = Deadline.after(DRAIN_MILLIS_MAX, TimeUnit.MILLISECONDS);
    return timers
        .bound(proposals.hold(), limit, () -> new IllegalStateException("not drained"))
        .handle((drained, late) -> target)
        .thenCompose(member -> ask(member, timeout))
        .whenComplete((done, failure) -> proposals.resume());
  }

  private CompletableFuture<Void> ask(RaftPeerId target, Duration timeout) {
    // Voters do not withhold their votes from a member that is told to take over.
    underWay.incrementAndGet();
    leaderReads.suspendLease(true);
    LOG.info("handing leadership over to {}", target);
    CompletableFuture<RaftClientReply> reply;
    try {
      reply =
          server.transferLeadershipAsync(
              new TransferLeadershipRequest(
                  clientId,
                  division.getId(),
                  division.getMemberId().getGroupId(),
                  callIds.incrementAndGet(),
                  target,
                  Math.max(1, timeout.toMillis())));
    } catch (IOException e) {
      reply = CompletableFuture.failedFuture(e);
    }
    return reply.handle((done, failure) -> finished(target, done, failure));
  }

  // The value of a CompletableFuture<Void> is null by definition.
  @SuppressWarnings("NullAway")
  private Void finished(
      RaftPeerId target, @Nullable RaftClientReply reply, @Nullable Throwable failure) {
    timers.after(settle.toMillis(), this::settled);
    if (reply != null && reply.isSuccess()) {
      return null;
    }
    Throwable cause = reply == null ? failure : reply.getException();
    throw new ClusterUnavailableException(
        Reason.DEADLINE, false, target + " did not take over: " + cause);
  }

  private void settled() {
    if (underWay.decrementAndGet() == 0) {
      leaderReads.suspendLease(false);
    }
  }

  private boolean isVoter(RaftPeerId id) {
    return division.getRaftConf().getCurrentPeers().stream()
        .anyMatch(peer -> peer.getId().equals(id));
  }

  private @Nullable RaftPeerId mostUpToDate() {
    Collection<CommitInfoProto> commits = division.getCommitInfos();
    return commits.stream()
        .filter(
            info -> !division.getId().toString().equals(info.getServer().getId().toStringUtf8()))
        .filter(info -> isVoter(RaftPeerId.valueOf(info.getServer().getId())))
        .max(Comparator.comparingLong(CommitInfoProto::getCommitIndex))
        .map(info -> RaftPeerId.valueOf(info.getServer().getId()))
        .orElse(null);
  }
}
