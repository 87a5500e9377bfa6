package dev.assetmanagerd.tls;

import io.grpc.netty.NettyChannelBuilder;

/** How a client's connections are secured. Thread-safe. */
public interface ChannelSecurity {
  /** Not at all. */
  ChannelSecurity PLAIN = NettyChannelBuilder::usePlaintext;

  /** Has the channel that is about to be built secure its connections. */
  NettyChannelBuilder secure(NettyChannelBuilder channel);
}
