package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Appends entries to the Raft log, in process, while this node leads. Thread-safe.
 *
 * <p>Every entry gets a call id of its own: calls are told apart by the ids in the commands, not by
 * Ratis's retry cache, which forgets them at a restart.
 */
final class LeaderLog {
  private static final long ANNOUNCE_MILLIS = 3;

  private final RaftServer.Division division;
  private final RaftClientAsynchronousProtocol log;
  private final Stamper stamper;
  private final Admission admission;
  private final Executor executor;
  private final LeadershipEvidence followers;
  private final Timers timers;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicBoolean announcing = new AtomicBoolean();
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();

  /**
   * @param admission decides which commands may be in the log at all
   * @param executor on which results are delivered, so that the applying thread is not held up
   */
  LeaderLog(
      RaftServer.Division division,
      Stamper stamper,
      Admission admission,
      Executor executor,
      LeadershipEvidence followers,
      Timers timers) {
    this.followers = followers;
    this.timers = timers;
    this.division = division;
    // Ratis's only implementation is one; this way spares a thread and a queue per entry.
    this.log = (RaftClientAsynchronousProtocol) division;
    this.stamper = stamper;
    this.admission = admission;
    this.executor = executor;
  }

  /**
   * Proposes one entry. Fails with {@link NotProposedException} or {@link
   * ClusterUnavailableException}, the latter with an unknown outcome.
   *
   * <p>Commands that the registry's format level does not allow are rejected before the log.
   *
   * @param commands may be empty: such an entry only moves the cluster clock
   */
  CompletableFuture<ProposeResponse> append(List<Command> commands) {
    return admission.append(
        commands, division.getRaftLog().getLastCommittedIndex(), this::appendAdmitted);
  }

  private CompletableFuture<ProposeResponse> appendAdmitted(List<Command> commands) {
    long term = division.getInfo().getCurrentTerm();
    var proposal = new ProposedEntry(stamper.stamp(commands, term), term);
    if (proposal.size() > RatisConfig.ENTRY_BYTES_MAX / 2) {
      // Ratis would refuse it too, but leak a permit each time.
      throw new IllegalArgumentException("entry of " + proposal.size() + " bytes");
    }
    CompletableFuture<RaftClientReply> reply;
    inFlight.incrementAndGet();
    try {
      reply = log.submitClientRequestAsync(request(proposal));
    } catch (IOException | RuntimeException e) {
      inFlight.decrementAndGet();
      return CompletableFuture.failedFuture(failure(proposal, e));
    }
    return reply.handleAsync(
        (done, failure) -> {
          if (inFlight.decrementAndGet() == 0) {
            announceSoon();
          }
          return result(proposal, done, failure);
        },
        executor);
  }

  /** The next entry carries the news that this one is committed; in case there is none. */
  private void announceSoon() {
    if (announcing.compareAndSet(false, true)) {
      timers.after(
          ANNOUNCE_MILLIS,
          () -> {
            announcing.set(false);
            followers.announceCommit(division.getRaftLog().getLastCommittedIndex());
          });
    }
  }

  private RaftClientRequest request(ProposedEntry proposal) {
    return RaftClientRequest.newBuilder()
        .setClientId(clientId)
        .setServerId(division.getId())
        .setGroupId(division.getMemberId().getGroupId())
        .setCallId(callIds.incrementAndGet())
        .setMessage(proposal)
        .setType(RaftClientRequest.writeRequestType())
        .build();
  }

  private static ProposeResponse result(
      ProposedEntry proposal, @Nullable RaftClientReply reply, @Nullable Throwable failure) {
    if (reply == null) {
      throw failure(proposal, failure);
    }
    List<Outcome> outcomes = proposal.outcomes();
    if (!reply.isSuccess() || outcomes == null) {
      throw failure(proposal, reply.getException());
    }
    return ProposeResponse.newBuilder()
        .addAllOutcomes(outcomes)
        .setIndex(reply.getLogIndex())
        .build();
  }

  private static RuntimeException failure(ProposedEntry proposal, @Nullable Throwable cause) {
    String why = cause == null ? "no outcome" : cause.getClass().getSimpleName();
    return proposal.appended()
        ? new ClusterUnavailableException(
            Reason.NO_LEADER, true, "leadership ended before the entry was committed: " + why)
        : new NotProposedException(why);
  }
}
