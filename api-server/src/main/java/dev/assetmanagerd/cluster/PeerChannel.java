package dev.assetmanagerd.cluster;

import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The connection to one other node, made when it is first needed. */
final class PeerChannel implements AutoCloseable {
  /** A batch of commands stays far below; this guards the memory. */
  private static final int MAX_MESSAGE_BYTES = 16 << 20;

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(5);

  private final PeerSpec peer;
  private final ChannelSecurity security;
  private @Nullable ManagedChannel channel;
  private boolean closed;

  PeerChannel(PeerSpec peer, ChannelSecurity security) {
    this.peer = peer;
    this.security = security;
  }

  PeerSpec peer() {
    return peer;
  }

  /** Takes no new calls; those under way are finished. */
  synchronized void retire() {
    closed = true;
    if (channel != null) {
      channel.shutdown();
    }
  }

  /**
   * The channel, about to connect if it is not connected.
   *
   * <p>gRPC would pause up to two minutes between attempts to reach a node that was down; a caller
   * that waits for the leader cannot. So every call makes it try again, and calls that find an
   * attempt under way wait for that one.
   */
  synchronized ManagedChannel connected() {
    ManagedChannel current = channel;
    if (current == null) {
      current = open();
      channel = current;
    }
    if (current.getState(true) == ConnectivityState.TRANSIENT_FAILURE) {
      current.resetConnectBackoff();
    }
    return current;
  }

  private ManagedChannel open() {
    ManagedChannel opened =
        security
            .secure(NettyChannelBuilder.forTarget("dns:///" + peer.apiAddress()))
            .directExecutor()
            .disableRetry()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .keepAliveTime(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
            .withOption(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(CONNECT_TIMEOUT.toMillis()))
            .build();
    if (closed) {
      opened.shutdownNow();
    }
    return opened;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (channel != null) {
      channel.shutdownNow();
    }
  }
}
