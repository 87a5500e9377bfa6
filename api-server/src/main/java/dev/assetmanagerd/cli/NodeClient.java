package dev.assetmanagerd.cli;

import com.google.common.base.Throwables;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Makes calls to the first node that answers.
 *
 * <p>The next node is asked where one cannot be reached or says that it is unavailable and nothing
 * was changed. A change whose outcome is not known is repeated only where the call carries an
 * idempotency key.
 */
final class NodeClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration REASON_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

  private final List<Endpoint> endpoints;
  private final Deadline deadline;
  private final ChannelSecurity security;
  private final Map<Endpoint, ManagedChannel> channels = new HashMap<>();

  /** The endpoint that answered last is asked first the next time. */
  private int first;

  /**
   * @param endpoints at least one
   * @param deadline for everything done with this client
   * @param security of the connections
   */
  NodeClient(List<Endpoint> endpoints, Deadline deadline, ChannelSecurity security) {
    this.endpoints = List.copyOf(endpoints);
    this.deadline = deadline;
    this.security = security;
  }

  Deadline deadline() {
    return deadline;
  }

  /** The next call is made to another endpoint first, where there is one. */
  void preferAnother() {
    first = (first + 1) % endpoints.size();
  }

  /** Makes a call that changes nothing. */
  <T> T read(Function<Channel, T> call) {
    return call(call, false, true);
  }

  /** Makes a call that changes something. */
  <T> T change(Function<Channel, T> call) {
    return call(call, true, false);
  }

  /** Makes a call that changes something once, however often it is made. */
  <T> T changeOnce(Function<Channel, T> call) {
    return call(call, true, true);
  }

  private <T> T call(Function<Channel, T> call, boolean changes, boolean repeatable) {
    List<String> reasons = new ArrayList<>();
    boolean unknown = false;
    int begin = first;
    for (int i = 0; i < endpoints.size(); i++) {
      first = (begin + i) % endpoints.size();
      Endpoint endpoint = endpoints.get(first);
      try {
        return call.apply(connected(endpoint));
      } catch (StatusRuntimeException e) {
        CallFailedException failure = CallFailedException.of(e, changes);
        if (!failure.worthAnotherNode(repeatable)) {
          throw failure;
        }
        unknown |= failure.outcomeUnknown();
        reasons.add(endpoint + ": " + failure.getMessage());
      } catch (CallFailedException e) {
        if (!e.worthAnotherNode(repeatable)) {
          throw e;
        }
        unknown |= e.outcomeUnknown();
        reasons.add(endpoint + ": " + e.getMessage());
      }
    }
    throw new CallFailedException(Status.Code.UNAVAILABLE, unknown, String.join("; ", reasons));
  }

  /** Connects before a call is made, so that a call that fails has been sent. */
  private ManagedChannel connected(Endpoint endpoint) {
    ManagedChannel before = channels.get(endpoint);
    if (before != null && before.getState(false) == ConnectivityState.READY) {
      return before;
    }
    if (before != null) {
      before.shutdownNow();
    }
    ManagedChannel channel =
        security
            .secure(NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port()))
            .keepAliveTime(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS)
            .build();
    channels.put(endpoint, channel);
    CompletableFuture<ConnectivityState> settled = new CompletableFuture<>();
    watch(channel, settled);
    long waitMillis =
        Math.min(CONNECT_TIMEOUT.toMillis(), deadline.timeRemaining(TimeUnit.MILLISECONDS));
    ConnectivityState state;
    try {
      state = settled.get(waitMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new CallFailedException(
          Status.Code.UNAVAILABLE, false, "no connection within " + waitMillis + " ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException(Status.Code.CANCELLED, false, "interrupted");
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
    if (state != ConnectivityState.READY) {
      throw new CallFailedException(
          Status.Code.UNAVAILABLE, false, "cannot be reached" + reason(channel));
    }
    return channel;
  }

  /** A channel does not say why it has failed to connect; a call that it fails for that does. */
  private static String reason(ManagedChannel channel) {
    try {
      var unused =
          HealthGrpc.newBlockingStub(channel)
              .withDeadlineAfter(REASON_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
              .check(HealthCheckRequest.getDefaultInstance());
      return "";
    } catch (StatusRuntimeException e) {
      Throwable root = Throwables.getRootCause(e);
      return root.getMessage() == null || root == e ? "" : ": " + root.getMessage();
    }
  }

  private static void watch(ManagedChannel channel, CompletableFuture<ConnectivityState> settled) {
    ConnectivityState state = channel.getState(true);
    switch (state) {
      case READY, TRANSIENT_FAILURE, SHUTDOWN -> settled.complete(state);
      case IDLE, CONNECTING -> channel.notifyWhenStateChanged(state, () -> watch(channel, settled));
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
