package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.cluster.v1.Member;
import dev.assetmanagerd.cluster.v1.RemoveMemberRequest;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * How a node that does not run, and has nothing to run with, ends its membership: by asking the
 * others. Immutable.
 */
public final class ClusterLeave {
  private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration REMOVE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration SILENCE_GRACE = Duration.ofSeconds(5);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(200);

  private final List<String> addresses;
  private final String clusterId;
  private final String nodeId;
  private final ChannelSecurity security;

  /**
   * @param addresses of the APIs of other members; any that answers will do
   * @param clusterId whose members they have to be
   * @param nodeId of the node that leaves
   * @param security of the connections to them
   */
  public ClusterLeave(
      List<String> addresses, String clusterId, String nodeId, ChannelSecurity security) {
    this.addresses = List.copyOf(addresses);
    this.clusterId = clusterId;
    this.nodeId = nodeId;
    this.security = security;
  }

  /**
   * What the cluster has to do without, and who is left.
   *
   * @param voter whether the node votes; empty when it is no member
   * @param others APIs of the other members
   * @param otherVoters how many of them vote
   */
  public record Standing(Optional<Boolean> voter, List<String> others, int otherVoters) {}

  /**
   * How the node stands in the cluster, by its leader's word.
   *
   * @throws IOException when no leader could be asked, or the cluster is another one
   */
  public Standing standing() throws IOException {
    ListMembersResponse cluster =
        ask(
            ClusterServiceGrpc.getListMembersMethod(),
            ListMembersRequest.getDefaultInstance(),
            ASK_TIMEOUT);
    if (!cluster.getClusterId().equals(clusterId)) {
      throw new IOException(
          "those who were asked are of cluster \"%s\", this node is configured for \"%s\""
              .formatted(cluster.getClusterId(), clusterId));
    }
    List<Member> others =
        cluster.getMembersList().stream()
            .filter(member -> !member.getNodeId().equals(nodeId))
            .toList();
    return new Standing(
        cluster.getMembersList().stream()
            .filter(member -> member.getNodeId().equals(nodeId))
            .findFirst()
            .map(ClusterLeave::voter),
        others.stream().map(Member::getApiAddress).toList(),
        Math.toIntExact(others.stream().filter(ClusterLeave::voter).count()));
  }

  /**
   * Makes sure that no process is the node: returns when the leader has heard nothing of it for a
   * while, or when it is no member.
   *
   * @param silence that is long enough
   * @throws IOException when the leader still hears of it after that and a little more; a wrong
   *     node id would end the membership of a node that has done nothing wrong
   */
  public void requireSilent(Duration silence) throws IOException {
    long start = System.nanoTime();
    Duration limit = silence.plus(SILENCE_GRACE);
    while (true) {
      Optional<Member> found = member();
      Duration passed = Duration.ofNanos(System.nanoTime() - start);
      if (found.isEmpty() || silent(found.get(), silence, passed)) {
        return;
      }
      if (passed.compareTo(limit) > 0) {
        throw new IOException(
            found.get().getLeader()
                ? "%s leads the cluster: NODE_ID is that of another node, which runs"
                    .formatted(nodeId)
                : "the cluster's leader has heard of %s %d ms ago: it runs somewhere. Is NODE_ID right? If so, end that process first"
                    .formatted(nodeId, found.get().getLastContactMillis()));
      }
      pause();
    }
  }

  /** A leader that is new has heard of nobody yet; those that run are heard soon. */
  private static boolean silent(Member member, Duration silence, Duration passed) {
    long contact = member.getLastContactMillis();
    return !member.getLeader()
        && (contact < 0 ? passed.compareTo(silence) >= 0 : contact >= silence.toMillis());
  }

  private Optional<Member> member() throws IOException {
    return ask(
            ClusterServiceGrpc.getListMembersMethod(),
            ListMembersRequest.getDefaultInstance(),
            ASK_TIMEOUT)
        .getMembersList()
        .stream()
        .filter(member -> member.getNodeId().equals(nodeId))
        .findFirst();
  }

  private static void pause() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * Has the node removed. Returns when that is committed: whatever it once promised binds nobody
   * any more.
   *
   * @throws IOException when the cluster did not do it, with the reason
   */
  public void leave() throws IOException {
    var unused =
        ask(
            ClusterServiceGrpc.getRemoveMemberMethod(),
            RemoveMemberRequest.newBuilder().setNodeId(nodeId).build(),
            REMOVE_TIMEOUT);
  }

  private <Q, S> S ask(MethodDescriptor<Q, S> method, Q request, Duration timeout)
      throws IOException {
    List<String> failures = new ArrayList<>();
    for (String address : addresses) {
      try {
        return NodeLinks.callAt(
                security,
                address,
                method,
                request,
                Deadline.after(timeout.toMillis(), TimeUnit.MILLISECONDS))
            .get();
      } catch (ExecutionException e) {
        failures.add(address + ": " + NodeErrors.unwrap(e).getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
    throw new IOException(
        "the cluster did not answer: "
            + (failures.isEmpty() ? "no other member is known" : String.join("; ", failures)));
  }

  private static boolean voter(Member member) {
    return member.getRole().equals("voter");
  }
}
