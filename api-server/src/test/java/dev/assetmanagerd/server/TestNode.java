package dev.assetmanagerd.server;

import dev.assetmanagerd.config.NodeConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Where a node of a test listens and keeps its data, and how to ask it. */
final class TestNode {
  private static final String PREFIX = "UNKEY_ASSETMANAGERD_";

  private final HttpClient http = HttpClient.newHttpClient();
  private final Path directory;
  final int port;
  final int raftPort;
  final int metricsPort;

  TestNode(Path directory) throws IOException {
    this.directory = directory;
    List<Integer> ports = freePorts(3);
    port = ports.get(0);
    raftPort = ports.get(1);
    metricsPort = ports.get(2);
  }

  /** The environment of a node that is a cluster of its own. */
  Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put(PREFIX + "TLS_MODE", "disabled");
    environment.put(PREFIX + "ADDRESS", "127.0.0.1");
    environment.put(PREFIX + "PORT", Integer.toString(port));
    environment.put(
        PREFIX + "CLUSTER_PEERS", "n1=127.0.0.1:%d/127.0.0.1:%d".formatted(raftPort, port));
    environment.put(PREFIX + "ELECTION_TIMEOUT_MIN", "150ms");
    environment.put(PREFIX + "ELECTION_TIMEOUT_MAX", "300ms");
    environment.put(PREFIX + "DATA_DIR", directory.resolve("data").toString());
    environment.put(PREFIX + "LOCAL_STORAGE_PATH", directory.resolve("blobs").toString());
    environment.put(PREFIX + "CACHE_DIR", directory.resolve("cache").toString());
    environment.put(PREFIX + "PREPARE_ROOTS", directory.resolve("jails").toString());
    environment.put(PREFIX + "OTEL_PROMETHEUS_PORT", Integer.toString(metricsPort));
    return environment;
  }

  NodeConfig config() throws Exception {
    return NodeConfig.read(environment());
  }

  Path blobs() {
    return directory.resolve("blobs");
  }

  HttpResponse<String> get(int onPort, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + onPort + path))
            .timeout(Duration.ofSeconds(20))
            .build(),
        BodyHandlers.ofString());
  }

  /** Whether a new connection is taken. */
  boolean accepts(int onPort) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), onPort)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Calls a method with Connect and JSON. */
  HttpResponse<String> call(String method, String json) throws Exception {
    return callAsync(method, json).get();
  }

  /** The same with headers. */
  HttpResponse<String> call(String method, String json, Map<String, String> headers)
      throws Exception {
    return callAsync(method, json, headers).get();
  }

  CompletableFuture<HttpResponse<String>> callAsync(String method, String json) {
    return callAsync(method, json, Map.of());
  }

  private CompletableFuture<HttpResponse<String>> callAsync(
      String method, String json, Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/" + method))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(Duration.ofSeconds(60))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json));
    headers.forEach(request::header);
    return http.sendAsync(request.build(), BodyHandlers.ofString());
  }

  /** Calls a method that streams with Connect and JSON; returns all messages as they came. */
  byte[] stream(String method, String json) throws Exception {
    byte[] message = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer envelope =
        ByteBuffer.allocate(5 + message.length).put((byte) 0).putInt(message.length).put(message);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/" + method))
            .timeout(Duration.ofSeconds(60))
            .header("content-type", "application/connect+json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(envelope.array()))
            .build();
    return http.send(request, BodyHandlers.ofByteArray()).body();
  }

  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ServerSocket socket = new ServerSocket();
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      sockets.add(socket);
      ports.add(socket.getLocalPort());
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return ports;
  }
}
