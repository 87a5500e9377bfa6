package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.registry.FormatLevels;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeServerTest {
  private static final String ASSETS = "asset.v1.AssetManagerService/";

  private final TestNode node;

  NodeServerTest(@TempDir Path directory) throws Exception {
    node = new TestNode(directory);
  }

  @Test
  void aNodeServesAndSaysThatItIsWellOnBothPorts() throws Exception {
    try (NodeServer server = NodeServer.start(node.config())) {
      awaitReady();

      for (int port : new int[] {node.port, node.metricsPort}) {
        assertThat(node.get(port, "/livez").body()).isEqualTo("ok\n");
        assertThat(node.get(port, "/readyz?verbose").body())
            .contains("[+]leader ok", "[+]caught-up ok", "[+]blob-store ok")
            .endsWith("ok\n");
        JsonObject health = json(node.get(port, "/health"));
        assertThat(health.get("status").getAsString()).isEqualTo("ok");
        assertThat(health.get("node_id").getAsString()).isEqualTo("n1");
        assertThat(health.get("role").getAsString()).isEqualTo("leader");
      }
      HttpResponse<String> missing = node.call(ASSETS + "GetAsset", "{\"id\":\"none\"}");
      assertThat(missing.statusCode()).isEqualTo(404);
      assertThat(json(missing).get("code").getAsString()).isEqualTo("not_found");
      assertThat(node.get(node.metricsPort, "/metrics").body())
          .contains(
              "assetmanager_rpc_duration_seconds_count{code=\"not_found\",method=\"GetAsset\"} 1")
          .containsPattern("assetmanager_commands_applied_total [01]") // the level's
          .contains("jvm_memory_used_bytes");
      assertThat(node.get(node.port, "/metrics").statusCode()).isEqualTo(404);
      assertThat(server.terminated()).isNotDone();
    }
    assertThatThrownBy(() -> node.get(node.port, "/livez")).isInstanceOf(java.io.IOException.class);
    assertThatThrownBy(() -> node.get(node.metricsPort, "/livez"))
        .isInstanceOf(java.io.IOException.class);
  }

  @Test
  void aNewNodeOfItsOwnIsAtTheHighestFormatLevelAtOnce() throws Exception {
    try (NodeServer server = NodeServer.start(node.config())) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .pollInterval(Duration.ofMillis(20))
          .ignoreExceptions()
          .untilAsserted(
              () -> {
                JsonObject self =
                    json(node.call(
                            "assetmanagerd.cluster.v1.ClusterService/GetClusterStatus", "{}"))
                        .getAsJsonArray("nodes")
                        .get(0)
                        .getAsJsonObject();
                assertThat(self.get("formatLevel").getAsInt()).isEqualTo(FormatLevels.HIGHEST);
                assertThat(self.get("formatLevelMax").getAsInt()).isEqualTo(FormatLevels.HIGHEST);
              });
      assertThat(server.terminated()).isNotDone();
    }
  }

  @Test
  void theClusterStatusShowsTheNodeWithItsStateHash() throws Exception {
    try (NodeServer server = NodeServer.start(node.config())) {
      awaitReady();

      JsonObject status =
          json(
              node.call(
                  "assetmanagerd.cluster.v1.ClusterService/GetClusterStatus",
                  "{\"include_state_hash\":true}"));

      assertThat(status.get("leader").getAsString()).isEqualTo("127.0.0.1:" + node.port);
      JsonObject self = status.getAsJsonArray("nodes").get(0).getAsJsonObject();
      assertThat(self.get("ready").getAsBoolean()).isTrue();
      assertThat(self.get("stateHash").getAsString()).matches("[0-9a-f]{64}");
      assertThat(server.terminated()).isNotDone();
    }
  }

  @Test
  void grpcHealthFollowsReadiness() throws Exception {
    ManagedChannel channel = channel();
    try (NodeServer server = NodeServer.start(node.config())) {
      awaitReady();
      for (String service : new String[] {"", "asset.v1.AssetManagerService"}) {
        Awaitility.await()
            .atMost(Duration.ofSeconds(20))
            .untilAsserted(
                () ->
                    assertThat(
                            HealthGrpc.newBlockingStub(channel)
                                .withDeadlineAfter(10, TimeUnit.SECONDS)
                                .check(HealthCheckRequest.newBuilder().setService(service).build())
                                .getStatus())
                        .isEqualTo(ServingStatus.SERVING));
      }
      assertThat(server.terminated()).isNotDone();
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void anAssetIsDownloadedOverConnect() throws Exception {
    try (NodeServer server = NodeServer.start(node.config())) {
      awaitReady();
      assertThat(server.terminated()).isNotDone();
      String id = upload("to be downloaded").getAsset().getId();

      ByteBuffer messages =
          ByteBuffer.wrap(
              node.stream(
                  "assetmanagerd.transfer.v1.TransferService/DownloadAsset",
                  "{\"id\":\"" + id + "\",\"offset\":2}"));

      JsonObject header = message(messages).getAsJsonObject("header");
      assertThat(header.getAsJsonObject("asset").get("checksum").getAsString()).hasSize(64);
      byte[] chunk = Base64.getDecoder().decode(message(messages).get("chunk").getAsString());
      assertThat(chunk).hasSize(header.get("length").getAsInt());
      assertThat(message(messages).has("error")).as("an error at the end").isFalse();
      assertThat(messages.hasRemaining()).isFalse();
    }
  }

  /** The next one of a stream: a byte of flags, the length, and as much JSON. */
  private static JsonObject message(ByteBuffer messages) {
    byte flags = messages.get();
    byte[] json = new byte[messages.getInt()];
    messages.get(json);
    assertThat(flags).isIn((byte) 0, (byte) 2);
    return JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
  }

  @Test
  void whatWasAcknowledgedIsThereAfterARestart() throws Exception {
    String id;
    try (NodeServer server = NodeServer.start(node.config())) {
      awaitReady();
      assertThat(server.terminated()).isNotDone();
      id = upload("before the restart").getAsset().getId();
    }
    try (NodeServer server = NodeServer.start(node.config())) {
      awaitReady();
      assertThat(server.terminated()).isNotDone();
      HttpResponse<String> found = node.call(ASSETS + "GetAsset", "{\"id\":\"" + id + "\"}");
      assertThat(found.body()).contains("before the restart");
    }
  }

  @Test
  void aCallInFlightIsFinishedWhenTheNodeStopsAndNewOnesAreNotTaken() throws Exception {
    ManagedChannel channel = channel();
    CompletableFuture<UploadAssetResponse> answer = new CompletableFuture<>();
    NodeServer server = NodeServer.start(node.config());
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    try {
      awaitReady();
      StreamObserver<UploadAssetRequest> upload = startUpload(channel, answer, "in flight");
      Awaitility.await().until(() -> spooledFiles() > 0);

      stopped = CompletableFuture.runAsync(server::close);
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () ->
                  assertThat(node.call(ASSETS + "ListAssets", "{}").body())
                      .contains("unavailable", "this node is stopping"));
      assertThat(stopped).isNotDone();
      assertThat(node.get(node.metricsPort, "/readyz").statusCode()).isEqualTo(503);
      assertThat(node.get(node.metricsPort, "/readyz").body()).contains("the node is stopping");

      upload.onNext(chunk("the rest"));
      upload.onCompleted();

      assertThat(answer).succeedsWithin(Duration.ofSeconds(20));
      assertThat(answer.join().getAsset().getSizeBytes()).isEqualTo("the bytesthe rest".length());
      assertThat(stopped).succeedsWithin(Duration.ofSeconds(20));
      assertThat(node.accepts(node.port)).as("new connections").isFalse();
    } finally {
      channel.shutdownNow();
      if (!stopped.isDone()) {
        server.close();
      }
    }
  }

  @Test
  void aPortThatIsTakenIsNamedAndNothingIsLeftRunning() throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port));

      assertThatThrownBy(() -> NodeServer.start(node.config()))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("cannot listen on 127.0.0.1:" + node.port)
          .hasMessageContaining("UNKEY_ASSETMANAGERD_PORT");
    }
    try (NodeServer server = NodeServer.start(node.config())) {
      assertThat(server.terminated()).isNotDone();
    }
  }

  @Test
  void aBlobDirectoryThatCannotBeUsedIsNamed() throws Exception {
    Files.writeString(node.blobs(), "a file where the directory should be");

    assertThatThrownBy(() -> NodeServer.start(node.config()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(node.blobs().toString());
  }

  @Test
  void aSecondProcessOfOneNodeIsRefusedBeforeItTouchesWhatTheFirstIsDoing() throws Exception {
    try (NodeServer server = NodeServer.start(node.config())) {
      Path uploading =
          Files.writeString(
              node.blobs().resolve(".staging").resolve("staged-n1-" + UUID.randomUUID()), "bytes");

      assertThatThrownBy(() -> NodeServer.start(node.config()))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("UNKEY_ASSETMANAGERD_DATA_DIR (")
          .hasMessageContaining("another process");

      assertThat(uploading).as("an upload of the first").hasContent("bytes");
      assertThat(server.terminated()).isNotDone();
    }
    NodeServer.start(node.config()).close();
  }

  @Test
  void dataOfAnotherClusterIsRefused() throws Exception {
    try (NodeServer server = NodeServer.start(node.config())) {
      assertThat(server.terminated()).isNotDone();
    }
    var environment = node.environment();
    environment.put("UNKEY_ASSETMANAGERD_CLUSTER_ID", "another");

    assertThatThrownBy(
            () -> NodeServer.start(dev.assetmanagerd.config.NodeConfig.read(environment)))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("assetmanagerd")
        .hasMessageContaining("another");
  }

  private void awaitReady() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              HttpResponse<String> answer = node.get(node.port, "/readyz");
              assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            });
  }

  private UploadAssetResponse upload(String name) throws Exception {
    ManagedChannel channel = channel();
    try {
      CompletableFuture<UploadAssetResponse> answer = new CompletableFuture<>();
      startUpload(channel, answer, name).onCompleted();
      return answer.get(60, TimeUnit.SECONDS);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Sends the metadata and some bytes. */
  private static StreamObserver<UploadAssetRequest> startUpload(
      ManagedChannel channel, CompletableFuture<UploadAssetResponse> answer, String name) {
    StreamObserver<UploadAssetRequest> upload =
        AssetManagerServiceGrpc.newStub(channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .uploadAsset(
                new StreamObserver<>() {
                  @Override
                  public void onNext(UploadAssetResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    upload.onNext(
        UploadAssetRequest.newBuilder()
            .setMetadata(
                UploadAssetMetadata.newBuilder()
                    .setName(name)
                    .setType(AssetType.ASSET_TYPE_KERNEL)
                    .setCreatedBy("test"))
            .build());
    upload.onNext(chunk("the bytes"));
    return upload;
  }

  private static UploadAssetRequest chunk(String text) {
    return UploadAssetRequest.newBuilder().setChunk(ByteString.copyFromUtf8(text)).build();
  }

  private ManagedChannel channel() {
    return NettyChannelBuilder.forAddress("127.0.0.1", node.port).usePlaintext().build();
  }

  /** Files of uploads that have begun and not ended. */
  private long spooledFiles() throws Exception {
    try (var files = Files.walk(node.blobs())) {
      return files.filter(Files::isRegularFile).count();
    }
  }

  private static JsonObject json(HttpResponse<String> answer) {
    return JsonParser.parseString(answer.body()).getAsJsonObject();
  }
}
