package dev.assetmanagerd.clustertests;

import io.grpc.netty.NettyChannelBuilder;
import java.net.http.HttpClient;
import java.util.Map;

/** How the connections of a {@link TestCluster} are secured. */
public interface Encryption {
  /** Not at all. */
  Encryption NONE = new PlainText();

  /** What addresses of its APIs begin with, {@code http} or {@code https}. */
  String scheme();

  /** What a node is started with, without the product's prefix. */
  Map<String, String> settings(String nodeId);

  /** Has a client of gRPC connect. */
  NettyChannelBuilder secure(NettyChannelBuilder client);

  /** Has a client of HTTP connect. */
  HttpClient.Builder secure(HttpClient.Builder client);
}
