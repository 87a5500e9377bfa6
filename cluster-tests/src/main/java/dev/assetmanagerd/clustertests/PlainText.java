package dev.assetmanagerd.clustertests;

import io.grpc.netty.NettyChannelBuilder;
import java.net.http.HttpClient;
import java.util.Map;

/** No encryption. */
final class PlainText implements Encryption {
  @Override
  public String scheme() {
    return "http";
  }

  @Override
  public Map<String, String> settings(String nodeId) {
    return Map.of("TLS_MODE", "disabled");
  }

  @Override
  public NettyChannelBuilder secure(NettyChannelBuilder client) {
    return client.usePlaintext();
  }

  @Override
  public HttpClient.Builder secure(HttpClient.Builder client) {
    return client;
  }
}
