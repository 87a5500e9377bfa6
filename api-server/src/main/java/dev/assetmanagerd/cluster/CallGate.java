package dev.assetmanagerd.cluster;

import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets calls in until it is closed, and knows when those inside have ended. A call that comes later
 * is told that the node is stopping and that nothing was changed. Thread-safe.
 */
public final class CallGate implements ServerInterceptor {
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private int inside;
  private boolean closed;

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    if (!enter()) {
      refuse(call);
      return new ServerCall.Listener<>() {};
    }
    AtomicBoolean left = new AtomicBoolean();
    Runnable leaveOnce =
        () -> {
          if (left.compareAndSet(false, true)) {
            leave();
          }
        };
    try {
      return leavingAtTheEnd(next.startCall(closing(call, leaveOnce), headers), leaveOnce);
    } catch (RuntimeException e) {
      leaveOnce.run();
      throw e;
    }
  }

  /**
   * Lets no call in any more.
   *
   * @return completes when no call is inside
   */
  public synchronized CompletableFuture<Void> close() {
    closed = true;
    if (inside == 0) {
      drained.complete(null);
    }
    return drained;
  }

  private static void refuse(ServerCall<?, ?> call) {
    StatusRuntimeException stopping =
        NodeErrors.toStatus(
            new ClusterUnavailableException(
                Reason.STOPPING, false, "this node is stopping; nothing was changed"));
    Metadata trailers = new Metadata();
    Metadata details = stopping.getTrailers();
    if (details != null) {
      trailers.merge(details);
    }
    trailers.put(ForwardedCall.OUTCOME, ForwardedCall.UNCHANGED);
    call.close(stopping.getStatus(), trailers);
  }

  private static <Q, S> ServerCall<Q, S> closing(ServerCall<Q, S> call, Runnable leave) {
    return new SimpleForwardingServerCall<>(call) {
      @Override
      public void close(Status status, Metadata trailers) {
        try {
          super.close(status, trailers);
        } finally {
          leave.run();
        }
      }
    };
  }

  private static <Q> ServerCall.Listener<Q> leavingAtTheEnd(
      ServerCall.Listener<Q> listener, Runnable leave) {
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        try {
          super.onCancel();
        } finally {
          leave.run();
        }
      }
    };
  }

  private synchronized boolean enter() {
    if (!closed) {
      inside++;
    }
    return !closed;
  }

  private synchronized void leave() {
    inside--;
    if (closed && inside == 0) {
      drained.complete(null);
    }
  }
}
