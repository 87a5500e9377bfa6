package dev.assetmanagerd.raft;

import io.grpc.Deadline;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;

/**
 * Finds out when the cluster has removed this node. Nobody sends a removed member the entry that
 * says so: it hears nothing any more, or Ratis ends for it. So a node that has heard no leader for
 * a while asks those that it knows as members; the leader's word counts. Thread-safe.
 */
final class Departure {
  private static final long ANSWER_MILLIS = 1_000;

  private final RaftView raft;
  private final PeerLink link;
  private final ClusterName cluster;
  private final BooleanSupplier waiting;
  private final Runnable onRemoved;
  private final long patienceNanos;
  private final LongSupplier nanoTime;
  private CompletableFuture<Boolean> asked = CompletableFuture.completedFuture(false);
  private volatile long heardNanos;

  /**
   * @param cluster whose leader's word counts
   * @param waiting whether this node has never been a member: it cannot have been removed then
   * @param onRemoved called at least once when the leader says that this node is no member
   * @param patience without a leader before anybody is asked, and between two times
   */
  Departure(
      RaftView raft,
      PeerLink link,
      ClusterName cluster,
      BooleanSupplier waiting,
      Runnable onRemoved,
      Duration patience,
      LongSupplier nanoTime) {
    this.raft = raft;
    this.link = link;
    this.cluster = cluster;
    this.waiting = waiting;
    this.onRemoved = onRemoved;
    this.patienceNanos = patience.toNanos();
    this.nanoTime = nanoTime;
    this.heardNanos = nanoTime.getAsLong();
  }

  /** To be called now and then. Returns at once. */
  void look() {
    long now = nanoTime.getAsLong();
    long elapsedMillis = raft.millisSinceLeader();
    if (!listed()) {
      var unused = ask();
    } else if (raft.leading()
        || (elapsedMillis >= 0 && TimeUnit.MILLISECONDS.toNanos(elapsedMillis) < patienceNanos)) {
      heardNanos = now;
    } else if (now - heardNanos > patienceNanos) {
      heardNanos = now;
      var unused = ask();
    }
  }

  /**
   * Whether this node's own configuration has it as a member. Where it has not, a change without
   * this node has begun, and most likely been completed.
   */
  private boolean listed() {
    return raft.leading()
        || Stream.of(RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
            .flatMap(role -> raft.members().getCurrentPeers(role).stream())
            .anyMatch(peer -> peer.getId().equals(raft.selfId()));
  }

  /** Asks now; completes when all have been asked, or one has known. Never fails. */
  synchronized CompletableFuture<Boolean> ask() {
    if (waiting.getAsBoolean()) {
      return CompletableFuture.completedFuture(false);
    }
    if (!asked.isDone()) {
      return asked;
    }
    Members members = Membership.membersOf(raft.members());
    List<String> others =
        members.all().stream().map(Member::id).filter(id -> !id.equals(raft.self())).toList();
    asked =
        ask(others.iterator())
            .whenComplete(
                (removed, failure) -> {
                  if (removed) {
                    onRemoved.run();
                  }
                });
    return asked;
  }

  private CompletableFuture<Boolean> ask(Iterator<String> others) {
    if (!others.hasNext()) {
      return CompletableFuture.completedFuture(false);
    }
    return link.isMember(
            others.next(),
            cluster,
            raft.self(),
            Deadline.after(ANSWER_MILLIS, TimeUnit.MILLISECONDS))
        .handle((member, failure) -> failure == null ? member : null)
        .thenCompose(
            member -> member == null ? ask(others) : CompletableFuture.completedFuture(!member));
  }
}
