package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.MembershipException.Rule;
import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.MemberProgress;
import dev.assetmanagerd.raft.Members;
import dev.assetmanagerd.raft.Membership;
import dev.assetmanagerd.raft.PeerSpec;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes the members of the cluster, on its leader, one change at a time.
 *
 * <p>Every step looks at the members anew and does what is still to be done, so that a call may be
 * made again after it was cut off anywhere, also on another leader. The steps block; they run on
 * the threads of whoever calls.
 */
final class MemberChanges {
  private static final Logger log = LoggerFactory.getLogger(MemberChanges.class);

  /** A member that has not answered for that long is not counted on. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(5);

  /** All members that are alive have answered a new leader by then. */
  private static final Duration LISTEN_MAX = Duration.ofSeconds(3);

  private static final Duration IDENTIFY_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);

  private final String clusterId;
  private final String lineage;
  private final Membership membership;
  private final NodeLinks links;
  private final AtomicReference<@Nullable String> underWay = new AtomicReference<>();

  /**
   * @param lineage of the cluster; empty for the first
   */
  MemberChanges(String clusterId, String lineage, Membership membership, NodeLinks links) {
    this.clusterId = clusterId;
    this.lineage = lineage;
    this.membership = membership;
    this.links = links;
  }

  /**
   * What a change has come to.
   *
   * @param caughtUpIndex what the new member had to apply first
   */
  record Done(Member member, long caughtUpIndex) {}

  private interface Change<T> {
    T make();
  }

  /** Fails with {@link Rule#CHANGING} while another change is made. */
  private <T> T alone(String what, Change<T> change) {
    String other = underWay.compareAndExchange(null, what);
    if (other != null) {
      throw new MembershipException(
          Rule.CHANGING,
          "",
          "the leader is at another change: %s. Try again then".formatted(other));
    }
    try {
      log.info("members: {}", what);
      T done = change.make();
      log.info("members: done: {}", what);
      return done;
    } catch (RuntimeException e) {
      log.warn("members: not done: {}: {}", what, e.toString());
      throw e;
    } finally {
      underWay.set(null);
    }
  }

  /**
   * Adds a node.
   *
   * @param expectedId what the node has to be called; empty for any
   */
  Done add(String apiAddress, String expectedId, boolean listener, Deadline deadline) {
    return alone(
        "adding the node at " + apiAddress,
        () -> {
          PeerSpec node = identify(apiAddress, expectedId);
          long index = joined(node, deadline);
          Member member = require(node.id());
          if (listener) {
            if (member.voter()) {
              throw new MembershipException(
                  Rule.NO_DEMOTION,
                  node.id(),
                  "%s is a voter, and voters do not become listeners".formatted(node.id()));
            }
            return new Done(member, index);
          }
          return new Done(voting(member, deadline), index);
        });
  }

  /** Makes a listener a voter. */
  Member promote(String id, Deadline deadline) {
    return alone("making " + id + " a voter", () -> voting(require(id), deadline));
  }

  /** Ends a membership; false where there is none. The member must not be this node. */
  boolean remove(String id, boolean force, Deadline deadline) {
    return alone(
        "removing " + id,
        () -> {
          Members now = listened();
          Optional<Member> gone = now.find(id);
          if (gone.isEmpty()) {
            return false;
          }
          change(now, MemberRules.removed(now, gone.get(), this::answers, force), deadline);
          return true;
        });
  }

  /** Fails unless the member may be removed, as things are. */
  void checkRemoval(String id, boolean force) {
    Members now = listened();
    now.find(id).ifPresent(gone -> MemberRules.removed(now, gone, this::answers, force));
  }

  /** Puts a new node in another one's place, which must not be this node. */
  Done replace(String oldId, String apiAddress, String expectedId, Deadline deadline) {
    return alone(
        "replacing %s by the node at %s".formatted(oldId, apiAddress),
        () -> {
          PeerSpec node = identify(apiAddress, expectedId);
          requireReplaceable(oldId, node);
          long index = joined(node, deadline);
          Members now = listened();
          Member joined = require(node.id());
          Optional<Member> old = now.find(oldId);
          if (old.isEmpty()) {
            return new Done(joined, index); // done before
          }
          if (old.get().voter() && !joined.voter() && now.voters().size() < 3) {
            // Raft does not exchange half of its voters or more at once.
            joined = voting(joined, deadline);
            now = settled();
          }
          List<Member> to =
              joined.voter()
                  ? MemberRules.removed(now, old.get(), this::answers, true)
                  : MemberRules.replaced(now, old.get(), joined, this::answers);
          change(now, to, deadline);
          return new Done(require(node.id()), index);
        });
  }

  private void requireReplaceable(String oldId, PeerSpec node) {
    Members now = settled();
    if (oldId.equals(node.id())) {
      throw new MembershipException(
          Rule.OTHER_NODE,
          oldId,
          "%s cannot take its own place: remove it, and add it with an empty directory"
              .formatted(oldId));
    }
    if (now.find(oldId).isEmpty() && now.find(node.id()).isEmpty()) {
      throw unknown(oldId, now);
    }
  }

  /** Asks the node at an address who it is, and whether it may be added. */
  private PeerSpec identify(String apiAddress, String expectedId) {
    NodeStatus status;
    try {
      status =
          links
              .callAt(
                  apiAddress,
                  NodeServiceGrpc.getGetNodeStatusMethod(),
                  GetNodeStatusRequest.getDefaultInstance(),
                  Deadline.after(IDENTIFY_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
              .get();
    } catch (ExecutionException | RuntimeException e) {
      throw new MembershipException(
          Rule.UNREACHABLE,
          apiAddress,
          "the node at %s does not answer: %s".formatted(apiAddress, NodeErrors.message(e)));
    } catch (InterruptedException e) {
      throw interrupted();
    }
    String id = status.getNodeId();
    if (!expectedId.isEmpty() && !expectedId.equals(id)) {
      throw new MembershipException(
          Rule.OTHER_NODE, id, "%s is at %s, not %s".formatted(id, apiAddress, expectedId));
    }
    if (!status.getClusterId().equals(clusterId) || !status.getLineage().equals(lineage)) {
      throw new MembershipException(
          Rule.OTHER_CLUSTER,
          id,
          "%s is of cluster \"%s\"%s, this is \"%s\"%s"
              .formatted(
                  id,
                  status.getClusterId(),
                  lineageText(status.getLineage()),
                  clusterId,
                  lineageText(lineage)));
    }
    PeerSpec node = new PeerSpec(id, status.getRaftAddress(), status.getApiAddress());
    Members now = settled();
    MemberRules.mayBeAdded(now, node);
    if (now.find(id).isEmpty() && !status.getWaitsToBeAdded()) {
      throw new MembershipException(
          Rule.NOT_WAITING,
          id,
          "%s does not wait to be added: start it with an empty data directory and CLUSTER_JOIN"
              .formatted(id));
    }
    return node;
  }

  private static String lineageText(String lineage) {
    return lineage.isEmpty() ? "" : ", lineage " + lineage;
  }

  /** Has a node be a member, at least a listener, that has what was committed when it joined. */
  private long joined(PeerSpec node, Deadline deadline) {
    Members now = settled();
    if (now.find(node.id()).isEmpty()) {
      List<Member> to = new ArrayList<>(now.all());
      to.add(new Member(node, false));
      change(now, to, deadline);
    }
    long index = membership.commitIndex();
    awaitCaughtUp(node.id(), index, deadline);
    return index;
  }

  private Member voting(Member member, Deadline deadline) {
    if (member.voter()) {
      return member;
    }
    awaitCaughtUp(member.id(), membership.commitIndex(), deadline);
    Members now = listened();
    change(now, MemberRules.promoted(now, member, this::answers), deadline);
    return require(member.id());
  }

  private void change(Members from, List<Member> to, Deadline deadline) {
    try {
      membership
          .change(from.all(), to)
          .get(deadline.timeRemaining(TimeUnit.MILLISECONDS), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ClusterUnavailableException unavailable) {
        throw unavailable;
      }
      throw new MembershipException(Rule.CHANGING, "", NodeErrors.message(e));
    } catch (TimeoutException e) {
      throw new ClusterUnavailableException(
          Reason.DEADLINE, true, "the members had not changed before the deadline");
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** Waits until a member has applied an entry, and with it all before. */
  private void awaitCaughtUp(String id, long index, Deadline deadline) {
    log.info(
        "members: {} has {} of {}, and is to apply it",
        id,
        membership.progress(id).matchIndex(),
        index);
    long applied = -1;
    while (!deadline.isExpired()) {
      if (membership.progress(id).matchIndex() >= index) {
        applied = Math.max(applied, appliedBy(id));
        if (applied >= index) {
          return;
        }
      }
      pause();
    }
    throw new MembershipException(
        Rule.BEHIND,
        id,
        "%s has not caught up before the deadline: it had to have %d and has %d, of which %d applied"
            .formatted(id, index, membership.progress(id).matchIndex(), applied));
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL.toMillis());
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private long appliedBy(String id) {
    try {
      return applied(links, id).get();
    } catch (ExecutionException e) {
      return -1;
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** How far another member has applied. */
  static CompletableFuture<Long> applied(NodeLinks links, String id) {
    return links
        .status(
            id,
            GetNodeStatusRequest.getDefaultInstance(),
            Deadline.after(STATUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
        .thenApply(NodeStatus::getAppliedIndex);
  }

  private boolean answers(String id) {
    MemberProgress progress = membership.progress(id);
    return progress.contactMillis() >= 0 && progress.contactMillis() <= SILENCE_MAX.toMillis();
  }

  /** The members, when each had the time to answer this leader once. */
  private Members listened() {
    Deadline limit = Deadline.after(LISTEN_MAX.toMillis(), TimeUnit.MILLISECONDS);
    Members now = settled();
    while (!limit.isExpired()
        && now.voters().stream()
            .anyMatch(voter -> membership.progress(voter.id()).contactMillis() < 0)) {
      pause();
      now = settled();
    }
    return now;
  }

  private Members settled() {
    Members now = membership.current();
    if (!now.settled()) {
      throw new MembershipException(
          Rule.CHANGING, "", "an earlier change of the members is not committed yet; try again");
    }
    return now;
  }

  private Member require(String id) {
    Members now = membership.current();
    return now.find(id).orElseThrow(() -> unknown(id, now));
  }

  private static MembershipException unknown(String id, Members now) {
    return new MembershipException(
        Rule.UNKNOWN_MEMBER,
        id,
        "%s is not a member; the members are %s"
            .formatted(id, String.join(", ", now.all().stream().map(Member::id).toList())));
  }

  private static ClusterUnavailableException interrupted() {
    Thread.currentThread().interrupt();
    return new ClusterUnavailableException(Reason.STOPPING, true, "this node is stopping");
  }
}
