package dev.assetmanagerd.cluster;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import dev.assetmanagerd.cluster.v1.AddMemberRequest;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.raft.Joining;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a new node becomes a member: by asking those that are. Thread-safe. */
public final class ClusterJoin implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClusterJoin.class);

  private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);

  /** Catching up may take that long; after it the node asks again, and goes on where it was. */
  private static final Duration ADD_TIMEOUT = Duration.ofMinutes(10);

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final List<String> addresses;
  private final AddMemberRequest request;
  private final ChannelSecurity security;
  private final BooleanSupplier done;
  private final Runnable whenDone;
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * @param addresses of the APIs of members; any that answers will do
   * @param apiAddress of this node
   * @param nodeId of this node
   * @param listener whether it is to stay one
   * @param security of the connections to members
   * @param done whether this node is what it asks to be
   * @param whenDone called once it is, if it asked at all
   */
  public ClusterJoin(
      List<String> addresses,
      String apiAddress,
      String nodeId,
      boolean listener,
      ChannelSecurity security,
      BooleanSupplier done,
      Runnable whenDone) {
    this.addresses = List.copyOf(addresses);
    this.request =
        AddMemberRequest.newBuilder()
            .setApiAddress(apiAddress)
            .setNodeId(nodeId)
            .setListener(listener)
            .build();
    this.security = security;
    this.done = done;
    this.whenDone = whenDone;
  }

  /**
   * Asks a cluster which of its lives it is in, before this node has any data.
   *
   * @param highestLevel the highest format level that this program knows
   * @param security of the connections to members
   * @return what there is to join
   * @throws IOException when no member answers in time, when the cluster is not this node's, or
   *     needs a newer program, or when it has a member of this id already
   */
  public static Joining find(
      List<String> addresses,
      String clusterId,
      String nodeId,
      int highestLevel,
      ChannelSecurity security,
      Duration timeout)
      throws IOException {
    ListMembersResponse cluster = askAny(addresses, security, timeout);
    if (!cluster.getClusterId().equals(clusterId)) {
      throw new IOException(
          "the members that CLUSTER_JOIN names are of cluster \"%s\", this node is to be of \"%s\""
              .formatted(cluster.getClusterId(), clusterId));
    }
    if (cluster.getFormatLevel() > highestLevel) {
      throw new IOException(
          "cluster %s is at format level %d and this program knows none above %d: use a newer one"
              .formatted(clusterId, cluster.getFormatLevel(), highestLevel));
    }
    if (cluster.getMembersList().stream().anyMatch(member -> member.getNodeId().equals(nodeId))) {
      throw new IOException(
          ("cluster %s has a member %s, which may have voted; this node has an empty directory and"
                  + " does not know how. Give it that member's data, or remove the member first:"
                  + " \"assetmanagerd cluster remove %s\"")
              .formatted(clusterId, nodeId, nodeId));
    }
    return new Joining(
        cluster.getLineage(), Math.min(cluster.getConfigurationIndex(), cluster.getCommitIndex()));
  }

  private static ListMembersResponse askAny(
      List<String> addresses, ChannelSecurity security, Duration timeout) throws IOException {
    Deadline limit = Deadline.after(timeout.toMillis(), TimeUnit.MILLISECONDS);
    List<String> failures = new ArrayList<>();
    do {
      failures.clear();
      for (String address : addresses) {
        try {
          return NodeLinks.callAt(
                  security,
                  address,
                  ClusterServiceGrpc.getListMembersMethod(),
                  ListMembersRequest.getDefaultInstance(),
                  Deadline.after(ASK_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
              .get();
        } catch (ExecutionException e) {
          failures.add(address + ": " + NodeErrors.message(e));
          log.info("{} cannot tell about the cluster yet: {}", address, NodeErrors.message(e));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while starting", e);
        }
      }
    } while (!limit.isExpired() && !ended(new CountDownLatch(1)));
    throw new IOException(
        "none of those that CLUSTER_JOIN names could tell about the cluster: "
            + String.join("; ", failures));
  }

  /** Asks to be added, in the background, until this node is, or is closed. */
  public void start() {
    new ThreadFactoryBuilder()
        .setNameFormat("cluster-join")
        .setDaemon(true)
        .build()
        .newThread(this::ask)
        .start();
  }

  private void ask() {
    while (!done.getAsBoolean()) {
      for (String address : addresses) {
        if (askedAt(address)) {
          break;
        }
      }
      if (!done.getAsBoolean() && ended(closed)) {
        return;
      }
    }
    whenDone.run();
  }

  private boolean askedAt(String address) {
    try {
      var added =
          NodeLinks.callAt(
                  security,
                  address,
                  ClusterServiceGrpc.getAddMemberMethod(),
                  request,
                  Deadline.after(ADD_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
              .get();
      log.info(
          "this node is a {}, and has caught up to {} in {} ms",
          added.getMember().getRole(),
          added.getCaughtUpIndex(),
          added.getTookMillis());
      return true;
    } catch (ExecutionException e) {
      log.warn("not added through {}: {}", address, NodeErrors.message(e));
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** Whether it came to an end during a pause. */
  private static boolean ended(CountDownLatch end) {
    try {
      return end.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
