package dev.assetmanagerd.raft;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/**
 * When each follower last proved that it still takes this node for the leader.
 *
 * <p>Ratis proves leadership once per commit index, not once per read, so a leader that was paused
 * while another was elected could answer from old state. This class keeps what a read needs to be
 * sure: per follower, the time at which the newest append or heartbeat that it <em>accepted</em>
 * was made. Times of sending, not of answering, for a paused process reads old answers late; and
 * accepted ones only, for "you are not the leader" is an answer, too.
 *
 * <p>It gets at them by standing between Ratis's gRPC log appenders and the leader's state, where
 * every request is made and every reply passes. Ratis makes the transport by class name, hence
 * {@link Transport}; the instance travels in {@link Parameters}.
 *
 * <p>Thread-safe.
 */
final class LeadershipEvidence {
  private static final String KEY = "assetmanagerd.leadership.evidence";

  /** Requests that a follower may owe an answer to before the oldest are forgotten. */
  private static final int OUTSTANDING_MAX = 1024;

  private final ConcurrentHashMap<RaftPeerId, Follower> followers = new ConcurrentHashMap<>();
  private final CaughtUpMark caughtUp = new CaughtUpMark();
  private final long lapseNanos;
  private final Runnable onAccepted;

  /**
   * @param lapseNanos two proofs further apart than this do not make an unbroken row
   * @param onAccepted called after each proof, on a thread of the transport; must be quick
   */
  LeadershipEvidence(long lapseNanos, Runnable onAccepted) {
    this.lapseNanos = lapseNanos;
    this.onAccepted = onAccepted;
  }

  Parameters toParameters() {
    var parameters = new Parameters();
    parameters.put(KEY, this, LeadershipEvidence.class);
    return parameters;
  }

  /** Whether a majority accepted something that was made at or after {@code sinceNanos}. */
  boolean majoritySince(RaftConfiguration members, RaftPeerId self, long sinceNanos) {
    return majority(members, self, follower -> follower.acceptedSince(sinceNanos));
  }

  /**
   * Whether a majority accepted something made at or after {@code sinceNanos}, and has done so
   * without a gap since {@code unbrokenNanos} at the latest.
   */
  boolean majorityUnbroken(
      RaftConfiguration members, RaftPeerId self, long sinceNanos, long unbrokenNanos) {
    return majority(
        members,
        self,
        follower -> follower.acceptedSince(sinceNanos) && follower.unbrokenSince(unbrokenNanos));
  }

  /** Has a heartbeat sent to every follower at once. */
  void triggerHeartbeats() {
    followers.values().forEach(Follower::triggerHeartbeat);
  }

  /**
   * Tells followers that do not know yet that {@code index} is committed. Otherwise they would
   * learn it with the next entry or heartbeat, which may be most of a second away.
   */
  void announceCommit(long index) {
    followers.values().forEach(follower -> follower.announceCommit(index));
  }

  /** Members of which this node has heard in its present leadership, itself included. */
  Set<String> heard(RaftConfiguration members, RaftPeerId self) {
    return members.getAllPeers().stream()
        .map(RaftPeer::getId)
        .filter(id -> id.equals(self) || proven(id))
        .map(RaftPeerId::toString)
        .collect(Collectors.toSet());
  }

  private boolean proven(RaftPeerId id) {
    Follower follower = followers.get(id);
    return follower != null && follower.proven();
  }

  /** How far a follower or listener is; meaningful where this node leads. */
  MemberProgress progress(RaftPeerId id) {
    Follower follower = followers.get(id);
    return follower == null ? new MemberProgress(-1, -1) : follower.progress();
  }

  private boolean majority(RaftConfiguration members, RaftPeerId self, FollowerTest test) {
    // While members change, both the old and the new majority count.
    return majorityOf(members.getCurrentPeers(), self, test)
        && (members.getPreviousPeers().isEmpty()
            || majorityOf(members.getPreviousPeers(), self, test));
  }

  private boolean majorityOf(Collection<RaftPeer> peers, RaftPeerId self, FollowerTest test) {
    int count = 0;
    for (RaftPeer peer : peers) {
      if (peer.getId().equals(self)) {
        count++;
        continue;
      }
      Follower follower = followers.get(peer.getId());
      if (follower != null && test.holds(follower)) {
        count++;
      }
    }
    return count > peers.size() / 2;
  }

  private interface FollowerTest {
    boolean holds(Follower follower);
  }

  /** What is known of one follower in one term of this node's leadership. */
  final class Follower {
    private final Map<Long, Long> madeNanosByCallId =
        new LinkedHashMap<>() {
          @Override
          protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
            return size() > OUTSTANDING_MAX;
          }
        };
    private boolean proven;
    private boolean heard;
    private long heardNanos;
    private long acceptedNanos;
    private long unbrokenNanos;
    private volatile @Nullable LogAppender appender;

    synchronized void made(long callId, long nowNanos) {
      madeNanosByCallId.put(callId, nowNanos);
    }

    synchronized void replied(long callId, boolean accepted) {
      Long madeNanos = madeNanosByCallId.remove(callId);
      if (madeNanos == null || !accepted || (proven && madeNanos - acceptedNanos <= 0)) {
        return;
      }
      if (!proven || madeNanos - acceptedNanos > lapseNanos) {
        unbrokenNanos = madeNanos;
      }
      acceptedNanos = madeNanos;
      proven = true;
    }

    synchronized boolean proven() {
      return proven;
    }

    synchronized boolean acceptedSince(long sinceNanos) {
      return proven && acceptedNanos - sinceNanos >= 0;
    }

    synchronized boolean unbrokenSince(long sinceNanos) {
      return proven && unbrokenNanos - sinceNanos <= 0;
    }

    synchronized void heard(long nowNanos) {
      heard = true;
      heardNanos = nowNanos;
    }

    synchronized MemberProgress progress() {
      LogAppender current = appender;
      return new MemberProgress(
          current == null || !heard ? -1 : current.getFollower().getMatchIndex(),
          heard ? TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - heardNanos) : -1);
    }

    void announceCommit(long index) {
      LogAppender current = appender;
      if (current != null && current.getFollower().getCommitIndex() < index) {
        current.triggerHeartbeat();
      }
    }

    void triggerHeartbeat() {
      LogAppender current = appender;
      if (current != null) {
        current.triggerHeartbeat();
      }
    }
  }

  Follower newFollower(RaftPeerId id) {
    var follower = new Follower();
    followers.put(id, follower);
    return follower;
  }

  @Override
  public String toString() {
    return "LeadershipEvidence(lapse " + TimeUnit.NANOSECONDS.toMillis(lapseNanos) + " ms)";
  }

  /** Ratis's gRPC transport, observed. Public, with a public constructor, because Ratis asks so. */
  public static final class Transport implements RpcType {
    /** Made by Ratis, by name. */
    public Transport() {}

    @Override
    public String name() {
      return Transport.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
      LeadershipEvidence evidence = parameters.getNonNull(KEY, LeadershipEvidence.class);
      return new GrpcFactory(parameters) {
        @Override
        public LogAppender newLogAppender(
            RaftServer.Division division, LeaderState state, FollowerInfo info) {
          Follower follower = evidence.newFollower(info.getId());
          LogAppender appender =
              new SnapshotSender(
                  division,
                  new ObservedLeader(
                      state, follower, evidence.onAccepted, evidence.caughtUp, division),
                  info);
          follower.appender = appender;
          return appender;
        }
      };
    }
  }

  /** Passes everything on and takes note of requests and replies. */
  private record ObservedLeader(
      LeaderState leader,
      Follower observed,
      Runnable onAccepted,
      CaughtUpMark caughtUp,
      RaftServer.Division division)
      implements LeaderState {
    @Override
    public AppendEntriesRequestProto newAppendEntriesRequestProto(
        FollowerInfo follower, List<LogEntryProto> entries, TermIndex previous, long callId) {
      observed.made(callId, System.nanoTime());
      return leader.newAppendEntriesRequestProto(follower, entries, previous, callId);
    }

    @Override
    public void onAppendEntriesReply(LogAppender appender, AppendEntriesReplyProto reply) {
      boolean accepted = reply.getResult() == AppendResult.SUCCESS;
      observed.heard(System.nanoTime());
      observed.replied(reply.getServerReply().getCallId(), accepted);
      if (accepted && leader.isFollowerBootstrapping(appender.getFollower())) {
        settle(appender.getFollower());
      }
      leader.onAppendEntriesReply(appender, reply);
      if (accepted) {
        onAccepted.run();
      }
    }

    private void settle(FollowerInfo follower) {
      if (division
              .getRaftConf()
              .getPeer(follower.getId(), RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
          != null) {
        caughtUp.set(follower);
      }
    }

    @Override
    public void restart(LogAppender appender) {
      leader.restart(appender);
    }

    @Override
    public void checkHealth(FollowerInfo follower) {
      leader.checkHealth(follower);
    }

    @Override
    public boolean onFollowerTerm(FollowerInfo follower, long followerTerm) {
      return leader.onFollowerTerm(follower, followerTerm);
    }

    @Override
    public void onFollowerCommitIndex(FollowerInfo follower, long commitIndex) {
      leader.onFollowerCommitIndex(follower, commitIndex);
    }

    @Override
    public void onFollowerSuccessAppendEntries(FollowerInfo follower) {
      leader.onFollowerSuccessAppendEntries(follower);
    }

    @Override
    public boolean isFollowerBootstrapping(FollowerInfo follower) {
      return leader.isFollowerBootstrapping(follower);
    }
  }
}
