package dev.assetmanagerd.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.GetFoundationRequest;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.TellOfMembershipRequest;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.MemberProgress;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, on the leader, for members that have begun another life of the cluster, and tells them.
 *
 * <p>A node that founds a cluster alone has nobody to ask whether it is new. If its cluster has
 * grown and its disk is lost, it founds another one, alone again. It has no part in this one then,
 * but clients of its address would be served from an empty registry. Thread-safe.
 */
public final class StrayMembers implements LeadershipListener {
  private static final Logger log = LoggerFactory.getLogger(StrayMembers.class);

  private static final Duration INTERVAL = Duration.ofSeconds(3);

  /** A member that answers the leader is not looked for. */
  private static final Duration SILENCE = Duration.ofSeconds(3);

  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);

  private final ClusterName cluster;
  private final String selfId;
  private final Supplier<List<Member>> members;
  private final Function<String, MemberProgress> progress;
  private final LocalNode node;
  private final ChannelSecurity security;
  private final Executor executor;

  /** Of members and lineages; there are few. */
  private final Set<String> said = ConcurrentHashMap.newKeySet();

  @GuardedBy("this")
  private long leadingTerm = -1;

  /**
   * @param cluster which this is
   * @param members all, this node included
   * @param progress what the leader knows of a member
   * @param node this one
   * @param security of the connections to members
   * @param executor for the next look; not blocked
   */
  public StrayMembers(
      ClusterName cluster,
      String selfId,
      Supplier<List<Member>> members,
      Function<String, MemberProgress> progress,
      LocalNode node,
      ChannelSecurity security,
      Executor executor) {
    this.cluster = cluster;
    this.selfId = selfId;
    this.members = members;
    this.progress = progress;
    this.node = node;
    this.security = security;
    this.executor = executor;
  }

  @Override
  public void onLeaderReady(long term) {
    synchronized (this) {
      leadingTerm = term;
    }
    later(term);
  }

  @Override
  public synchronized void onLeadershipLost() {
    leadingTerm = -1;
  }

  private synchronized boolean leads(long term) {
    return leadingTerm == term;
  }

  private void later(long term) {
    CompletableFuture.delayedExecutor(INTERVAL.toMillis(), TimeUnit.MILLISECONDS, executor)
        .execute(
            () -> {
              if (leads(term)) {
                var unused = look().whenComplete((done, failure) -> later(term));
              }
            });
  }

  /** Looks once; completes when all that are silent have been asked. Never fails. */
  CompletableFuture<Void> look() {
    return CompletableFuture.allOf(
        members.get().stream()
            .filter(member -> !member.id().equals(selfId) && silent(member.id()))
            .map(member -> ask(member.peer()).handle((answer, unreachable) -> true))
            .toArray(CompletableFuture<?>[]::new));
  }

  private boolean silent(String id) {
    long contact = progress.apply(id).contactMillis();
    return contact < 0 || contact > SILENCE.toMillis();
  }

  private CompletableFuture<Foundation> ask(PeerSpec member) {
    return NodeLinks.callAt(
            security,
            member.apiAddress(),
            NodeServiceGrpc.getGetFoundationMethod(),
            GetFoundationRequest.getDefaultInstance(),
            deadline())
        .thenCompose(
            answer ->
                isStray(member, answer)
                    ? tell(member, answer)
                    : CompletableFuture.completedFuture(answer));
  }

  private boolean isStray(PeerSpec member, Foundation answer) {
    return answer.getState() == Foundation.State.STATE_BEGUN
        && answer.getClusterId().equals(cluster.clusterId())
        && answer.getNodeId().equals(member.id())
        && !answer.getLineage().equals(cluster.lineage());
  }

  /** Not before this node has proven that it leads. */
  private CompletableFuture<Foundation> tell(PeerSpec member, Foundation answer) {
    if (said.add(member.id() + " " + answer.getLineage())) {
      say(member, answer);
    }
    return node.readIndex(deadline())
        .thenCompose(
            proven ->
                NodeLinks.callAt(
                    security,
                    member.apiAddress(),
                    NodeServiceGrpc.getTellOfMembershipMethod(),
                    TellOfMembershipRequest.newBuilder()
                        .setClusterId(cluster.clusterId())
                        .setLineage(cluster.lineage())
                        .setNodeId(member.id())
                        .setLeaderId(selfId)
                        .build(),
                    deadline()))
        .thenApply(told -> answer);
  }

  private void say(PeerSpec member, Foundation answer) {
    log.warn(
        "member {} at {} takes part in another life of this cluster, {}, instead of {}: its data were lost, or it was restored elsewhere. Remove or rebuild it",
        member.id(),
        member.apiAddress(),
        answer.getLineage(),
        cluster);
  }

  private static Deadline deadline() {
    return Deadline.after(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
  }
}
