package dev.assetmanagerd.raft;

import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who the members are, and how that changes.
 *
 * <p>The members are Raft's configuration: replicated, and changed by joint consensus, in which the
 * majorities of the old and of the new members both have to agree. A change names the members that
 * it starts from and is refused when they are others by then, so a change that was decided on old
 * knowledge does nothing.
 *
 * <p>Thread-safe.
 */
public final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  private final RaftServer server;
  private final RaftServer.Division division;
  private final RaftView raft;
  private final LeadershipEvidence evidence;
  private final BeforeGrowing beforeGrowing;
  private final Snapshots snapshots;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();

  /** Notes, durably, that this node does not make up the cluster alone any more. */
  interface BeforeGrowing {
    void note() throws IOException;
  }

  /**
   * Takes a snapshot that contains the entry of an index, at least.
   *
   * <p>A new member is sent the leader's latest snapshot first, with the present members, and the
   * log from there. Without one it would read the log from its beginning, and take each
   * configuration in it for the present one: a node that comes back under its former id would
   * believe itself a voter of a time long past, and might elect itself.
   */
  interface Snapshots {
    CompletableFuture<Long> take(long index);
  }

  Membership(
      RaftServer server,
      RaftServer.Division division,
      RaftView raft,
      LeadershipEvidence evidence,
      BeforeGrowing beforeGrowing,
      Snapshots snapshots) {
    this.snapshots = snapshots;
    this.server = server;
    this.division = division;
    this.raft = raft;
    this.evidence = evidence;
    this.beforeGrowing = beforeGrowing;
  }

  /** The members as this node knows them; not necessarily committed. */
  public Members current() {
    return membersOf(raft.members());
  }

  static Members membersOf(RaftConfiguration configuration) {
    Collection<RaftPeer> voters = configuration.getCurrentPeers(RaftPeerRole.FOLLOWER);
    boolean settled =
        configuration.getPreviousPeers(RaftPeerRole.FOLLOWER).isEmpty()
            && configuration.getPreviousPeers(RaftPeerRole.LISTENER).isEmpty();
    Map<RaftPeerId, Member> all =
        Stream.of(
                members(voters, true),
                members(configuration.getCurrentPeers(RaftPeerRole.LISTENER), false),
                members(configuration.getPreviousPeers(RaftPeerRole.FOLLOWER), true),
                members(configuration.getPreviousPeers(RaftPeerRole.LISTENER), false))
            .flatMap(some -> some)
            .collect(
                Collectors.toMap(
                    member -> RaftPeerId.valueOf(member.id()),
                    member -> member,
                    (current, previous) -> current));
    return new Members(List.copyOf(all.values()), configuration.getLogEntryIndex(), settled);
  }

  private static Stream<Member> members(Collection<RaftPeer> peers, boolean voters) {
    return peers.stream()
        .map(
            peer ->
                new Member(
                    new PeerSpec(peer.getId().toString(), peer.getAddress(), clientAddress(peer)),
                    voters));
  }

  private static String clientAddress(RaftPeer peer) {
    String address = peer.getClientAddress();
    return address == null ? "" : address;
  }

  /** Index up to which this node knows the log to be committed. */
  public long commitIndex() {
    return raft.commitIndex();
  }

  /** How far a member is; meaningful where this node leads. */
  public MemberProgress progress(String id) {
    return id.equals(raft.self())
        ? new MemberProgress(raft.lastIndex(), 0)
        : evidence.progress(RaftPeerId.valueOf(id));
  }

  /**
   * Has the members be others. Where one is new, it is first sent the log, and the change begins
   * when it has nearly all of it.
   *
   * @param from all members that there have to be now
   * @param to all members that there shall be then
   * @return completes when the change is committed. Fails with {@link NotLeaderException} or {@link
   *     ClusterUnavailableException} when it may be tried again, its {@code outcomeUnknown} saying
   *     whether it may have been made; with {@link IllegalStateException} when Raft refuses it
   */
  public CompletableFuture<Void> change(List<Member> from, List<Member> to) {
    SetConfigurationRequest.Arguments arguments =
        SetConfigurationRequest.Arguments.newBuilder()
            .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
            .setServersInCurrentConf(peers(from, true))
            .setListenersInCurrentConf(peers(from, false))
            .setServersInNewConf(peers(to, true))
            .setListenersInNewConf(peers(to, false))
            .build();
    LOG.info("members are to change from {} to {}", names(from), names(to));
    CompletableFuture<Long> ready =
        grows(from, to)
            ? snapshots.take(current().index())
            : CompletableFuture.completedFuture(-1L);
    return ready.thenCompose(index -> set(arguments)).handle(Membership::finished);
  }

  private CompletableFuture<RaftClientReply> set(SetConfigurationRequest.Arguments arguments) {
    try {
      beforeGrowing.note();
      return server.setConfigurationAsync(
          new SetConfigurationRequest(
              clientId,
              division.getId(),
              division.getMemberId().getGroupId(),
              callIds.incrementAndGet(),
              arguments));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static boolean grows(List<Member> from, List<Member> to) {
    Set<String> present = from.stream().map(Member::id).collect(Collectors.toSet());
    return to.stream().anyMatch(member -> !present.contains(member.id()));
  }

  // The value of a CompletableFuture<Void> is null by definition.
  @SuppressWarnings("NullAway")
  private static Void finished(@Nullable RaftClientReply reply, @Nullable Throwable failure) {
    if (reply != null && reply.isSuccess()) {
      return null;
    }
    Throwable cause = reply == null ? failure : reply.getException();
    if (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    throw translated(cause);
  }

  private static RuntimeException translated(@Nullable Throwable cause) {
    if (cause instanceof org.apache.ratis.protocol.exceptions.NotLeaderException notLeader) {
      RaftPeer leader = notLeader.getSuggestedLeader();
      // Where it was appended before leadership was lost, the next leader may complete it.
      return new ClusterUnavailableException(
          Reason.NO_LEADER,
          true,
          "this node leads no more"
              + (leader == null ? "" : "; " + leader.getId() + " may lead now"));
    }
    if (cause instanceof ReconfigurationInProgressException
        || cause instanceof LeaderNotReadyException) {
      return new ClusterUnavailableException(
          Reason.NO_LEADER, false, "another change of the members is under way");
    }
    if (cause instanceof org.apache.ratis.protocol.exceptions.ReconfigurationTimeoutException) {
      return new ClusterUnavailableException(
          Reason.DEADLINE, false, "the new member did not follow the log");
    }
    return new IllegalStateException("the change was refused: " + cause, cause);
  }

  private static List<RaftPeer> peers(List<Member> members, boolean voters) {
    return members.stream()
        .filter(member -> member.voter() == voters)
        .map(Membership::raftPeer)
        .toList();
  }

  static RaftPeer raftPeer(Member member) {
    return RaftPeer.newBuilder()
        .setId(member.id())
        .setAddress(member.peer().raftAddress())
        .setClientAddress(member.peer().apiAddress())
        .setStartupRole(member.voter() ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
        .build();
  }

  private static String names(List<Member> members) {
    return members.stream()
        .map(member -> member.id() + (member.voter() ? "" : " (listener)"))
        .sorted()
        .collect(Collectors.joining(", "));
  }
}
