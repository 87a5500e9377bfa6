package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipResponse;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReadIndexRequest;
import dev.assetmanagerd.node.v1.ReadIndexResponse;
import dev.assetmanagerd.raft.PeerLink;
import dev.assetmanagerd.raft.PeerSpec;
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
  private final Map<String, PeerChannel> channels;

  /**
   * @param peers the other nodes
   */
  public NodeLinks(List<PeerSpec> peers) {
    channels = peers.stream().collect(Collectors.toUnmodifiableMap(PeerSpec::id, PeerChannel::new));
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
  public void close() {
    channels.values().forEach(PeerChannel::close);
  }

  private <Q, S> CompletableFuture<S> call(
      String nodeId, MethodDescriptor<Q, S> method, Q request, Deadline deadline) {
    PeerChannel peer = channels.get(nodeId);
    if (peer == null) {
      return CompletableFuture.failedFuture(
          new IllegalArgumentException("no member is called " + nodeId));
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
