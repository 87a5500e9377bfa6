package dev.assetmanagerd.cluster;

import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Has the leader answer calls that only it can answer: passes them on from whatever node they come
 * to. Other calls are left alone. Thread-safe.
 *
 * <p>A call is passed on once, with the request headers and the deadline that it came with. Where
 * the node it is passed to does not lead any more, it is refused as unavailable, with nothing
 * changed: who leads may change faster than calls can follow.
 */
public final class LeaderForwarding implements ServerInterceptor {
  /** On a call that was passed on: id of the node that did. */
  static final Metadata.Key<String> FORWARDED_BY =
      Metadata.Key.of("assetmanager-forwarded-by", Metadata.ASCII_STRING_MARSHALLER);

  private static final Duration DEFAULT_DEADLINE = Duration.ofMinutes(5);

  private final String selfId;
  private final LocalNode node;
  private final NodeLinks links;
  private final Set<String> methods;

  /**
   * @param methods full names of the methods, all unary, as in {@code package.Service/Method}
   */
  public LeaderForwarding(String selfId, LocalNode node, NodeLinks links, Set<String> methods) {
    this.selfId = selfId;
    this.node = node;
    this.links = links;
    this.methods = Set.copyOf(methods);
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    if (!methods.contains(call.getMethodDescriptor().getFullMethodName())) {
      return next.startCall(call, headers);
    }
    Optional<String> leader = node.leaderId();
    if (leader.isEmpty()) {
      return refuse(call, "no leader is known; nothing was changed");
    }
    if (leader.get().equals(selfId)) {
      return next.startCall(call, headers);
    }
    if (!links.knows(leader.get())) {
      return refuse(call, "the leader is not known yet; nothing was changed");
    }
    String forwardedBy = headers.get(FORWARDED_BY);
    if (forwardedBy != null) {
      return refuse(
          call,
          "the call was passed on to node %s as the leader, and it does not lead; nothing was changed"
              .formatted(selfId));
    }
    ForwardedCall<Q, S> forwarded =
        new ForwardedCall<>(call, leader.get(), links, requestHeaders(headers), deadline());
    call.request(2); // the one message, and that there is no other
    return forwarded;
  }

  private Metadata requestHeaders(Metadata headers) {
    Metadata kept = ForwardedCall.ours(headers);
    kept.put(FORWARDED_BY, selfId);
    return kept;
  }

  private static Deadline deadline() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? Deadline.after(DEFAULT_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
        : deadline;
  }

  private static <Q> ServerCall.Listener<Q> refuse(ServerCall<Q, ?> call, String message) {
    StatusRuntimeException status =
        NodeErrors.toStatus(new ClusterUnavailableException(Reason.NO_LEADER, false, message));
    Metadata trailers = new Metadata();
    Metadata details = status.getTrailers();
    if (details != null) {
      trailers.merge(details);
    }
    trailers.put(ForwardedCall.OUTCOME, ForwardedCall.UNCHANGED);
    call.close(status.getStatus(), trailers);
    return new ServerCall.Listener<>() {};
  }
}
