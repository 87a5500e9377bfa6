package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.GetReplicaHashRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipResponse;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingRequest;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingResponse;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReadIndexRequest;
import dev.assetmanagerd.node.v1.ReadIndexResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.raft.PeerLink;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The way to the other nodes: one gRPC channel to the API of each, connected when first used.
 *
 * <p>Thread-safe and non-blocking. Futures complete on network threads: what is chained to them
 * must not block. They fail as {@link PeerLink} says.
 */
public final class NodeLinks implements PeerLink, AutoCloseable {
  private final Map<String, PeerChannel> channels = new ConcurrentHashMap<>();
  private final ChannelSecurity security;
  private boolean closed;

  /**
   * @param peers the other nodes, until told of others
   * @param security of the connections to them
   */
  public NodeLinks(List<PeerSpec> peers, ChannelSecurity security) {
    this.security = security;
    others(peers);
  }

  @Override
  public final synchronized void others(List<PeerSpec> others) {
    if (closed) {
      return;
    }
    Map<String, PeerSpec> byId =
        others.stream().collect(Collectors.toMap(PeerSpec::id, peer -> peer));
    channels
        .values()
        .removeIf(
            channel -> {
              boolean gone = !channel.peer().equals(byId.get(channel.peer().id()));
              if (gone) {
                channel.retire();
              }
              return gone;
            });
    byId.forEach(
        (id, peer) -> channels.computeIfAbsent(id, any -> new PeerChannel(peer, security)));
  }

  /** Whether this is another member, as far as this node has heard. */
  boolean knows(String nodeId) {
    return channels.containsKey(nodeId);
  }

  /** The other members, by id. */
  List<String> otherIds() {
    return channels.keySet().stream().sorted().toList();
  }

  @Override
  public CompletableFuture<Boolean> isMember(
      String nodeId, ClusterName cluster, String memberId, Deadline deadline) {
    return call(
            nodeId,
            ClusterServiceGrpc.getListMembersMethod(),
            ListMembersRequest.getDefaultInstance(),
            deadline)
        .thenApply(
            answer -> {
              requireOf(cluster, nodeId, answer);
              return answer.getMembersList().stream()
                  .anyMatch(member -> member.getNodeId().equals(memberId));
            });
  }

  private static void requireOf(ClusterName cluster, String nodeId, ListMembersResponse answer) {
    ClusterName other = new ClusterName(answer.getClusterId(), answer.getLineage());
    if (!other.equals(cluster)) {
      throw new ClusterUnavailableException(
          Reason.NO_LEADER,
          false,
          "where %s of %s should be, another cluster answers: %s"
              .formatted(nodeId, cluster, other));
    }
  }

  /** As {@link #callAt(ChannelSecurity, String, MethodDescriptor, Object, Deadline)}. */
  <Q, S> CompletableFuture<S> callAt(
      String apiAddress, MethodDescriptor<Q, S> method, Q request, Deadline deadline) {
    return callAt(security, apiAddress, method, request, deadline);
  }

  /**
   * A unary call to whatever listens at an address. Fails with {@link
   * io.grpc.StatusRuntimeException} as it was answered, or was not.
   */
  static <Q, S> CompletableFuture<S> callAt(
      ChannelSecurity security,
      String apiAddress,
      MethodDescriptor<Q, S> method,
      Q request,
      Deadline deadline) {
    PeerChannel channel = new PeerChannel(new PeerSpec("", "", apiAddress), security);
    Reply<S> reply =
        new Reply<>(
            failure ->
                Status.fromThrowable(failure)
                    .asRuntimeException(Status.trailersFromThrowable(failure)));
    Context callers = Context.ROOT.attach();
    try {
      ClientCalls.asyncUnaryCall(
          channel.connected().newCall(method, CallOptions.DEFAULT.withDeadline(deadline)),
          request,
          reply);
    } finally {
      Context.ROOT.detach(callers);
    }
    return reply.future.whenComplete((answer, failure) -> channel.retire());
  }

  @Override
  public CompletableFuture<ProposeResponse> propose(
      String nodeId, ProposeRequest request, Deadline deadline) {
    return call(nodeId, NodeServiceGrpc.getProposeMethod(), request, deadline);
  }

  @Override
  public CompletableFuture<Long> readIndex(String nodeId, Deadline deadline) {
    return call(
            nodeId,
            NodeServiceGrpc.getReadIndexMethod(),
            ReadIndexRequest.getDefaultInstance(),
            deadline)
        .thenApply(ReadIndexResponse::getIndex);
  }

  /** Asks a node how it is. */
  CompletableFuture<NodeStatus> status(
      String nodeId, GetNodeStatusRequest request, Deadline deadline) {
    return call(nodeId, NodeServiceGrpc.getGetNodeStatusMethod(), request, deadline);
  }

  /** Asks a node for its hash of a check of the replicas. */
  CompletableFuture<ReplicaHash> replicaHash(
      String nodeId, GetReplicaHashRequest request, Deadline deadline) {
    return call(nodeId, NodeServiceGrpc.getGetReplicaHashMethod(), request, deadline);
  }

  /** Tells a node that its replica differs from the majority's. */
  CompletableFuture<LeaveIfDeviatingResponse> leaveIfDeviating(
      String nodeId, LeaveIfDeviatingRequest request, Deadline deadline) {
    return call(nodeId, NodeServiceGrpc.getLeaveIfDeviatingMethod(), request, deadline);
  }

  /** Asks a node that is believed to lead to make another one lead. */
  CompletableFuture<HandOverLeadershipResponse> handOverLeadership(
      String nodeId, HandOverLeadershipRequest request, Deadline deadline) {
    return call(nodeId, NodeServiceGrpc.getHandOverLeadershipMethod(), request, deadline);
  }

  /**
   * A call of any service of another node, not started yet.
   *
   * @param tracer notes whether anything of it is sent
   * @throws IllegalArgumentException when no member is called that
   */
  <Q, S> ClientCall<Q, S> newCall(
      String nodeId, MethodDescriptor<Q, S> method, Deadline deadline, SentTracer tracer) {
    PeerChannel peer = channels.get(nodeId);
    if (peer == null) {
      throw new IllegalArgumentException("no member is called " + nodeId);
    }
    CallOptions options =
        CallOptions.DEFAULT.withDeadline(deadline).withStreamTracerFactory(tracer);
    // Whoever starts the call ends it too, and has its own reasons.
    Context callers = Context.ROOT.attach();
    try {
      return peer.connected().newCall(method, options);
    } finally {
      Context.ROOT.detach(callers);
    }
  }

  /** Ends all calls and connections at once. */
  @Override
  public synchronized void close() {
    closed = true;
    channels.values().forEach(PeerChannel::close);
  }

  /** A unary call to another member. */
  <Q, S> CompletableFuture<S> call(
      String nodeId, MethodDescriptor<Q, S> method, Q request, Deadline deadline) {
    PeerChannel peer = channels.get(nodeId);
    if (peer == null) {
      return CompletableFuture.failedFuture(
          new ClusterUnavailableException(
              Reason.NO_LEADER, false, "no member is called " + nodeId));
    }
    SentTracer tracer = new SentTracer();
    CallOptions options =
        CallOptions.DEFAULT.withDeadline(deadline).withStreamTracerFactory(tracer);
    Reply<S> reply = new Reply<>(failure -> NodeErrors.fromStatus(nodeId, failure, tracer.sent()));
    // A batch belongs to many callers. Whose thread sends it is chance, and neither the end nor the
    // deadline of that one's call may cut it off.
    Context callers = Context.ROOT.attach();
    try {
      ClientCalls.asyncUnaryCall(peer.connected().newCall(method, options), request, reply);
    } finally {
      Context.ROOT.detach(callers);
    }
    return reply.future;
  }

  /** The one answer of a unary call, as a future. */
  private static final class Reply<S> implements StreamObserver<S> {
    final CompletableFuture<S> future = new CompletableFuture<>();
    private final Function<Throwable, RuntimeException> failures;
    private @Nullable S value;

    Reply(Function<Throwable, RuntimeException> failures) {
      this.failures = failures;
    }

    @Override
    public void onNext(S message) {
      value = message;
    }

    @Override
    public void onError(Throwable failure) {
      future.completeExceptionally(failures.apply(failure));
    }

    @Override
    public void onCompleted() {
      S answer = value;
      if (answer == null) {
        future.completeExceptionally(
            failures.apply(Status.INTERNAL.withDescription("empty answer").asException()));
      } else {
        future.complete(answer);
      }
    }
  }
}
