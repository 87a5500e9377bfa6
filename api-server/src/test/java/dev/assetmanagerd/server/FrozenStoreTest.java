package dev.assetmanagerd.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.config.NodeConfig;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose directory of blobs hangs in the kernel: a frozen file system, which takes root. */
@Tag("root")
@Timeout(120)
class FrozenStoreTest {
  private static final String PREFIX = "UNKEY_ASSETMANAGERD_";
  private static final Duration SOON = Duration.ofSeconds(40);

  private final Path directory;
  private final Path disk;
  private final TestNode node;
  private boolean mounted;

  FrozenStoreTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    this.disk = Files.createDirectory(directory.resolve("disk"));
    this.node = new TestNode(directory);
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      var unused = succeeds("fsfreeze", "--unfreeze", disk.toString());
      assertThat(succeeds("umount", "-l", disk.toString())).as("unmounting").isTrue();
    }
  }

  @Test
  void uploadsFailInTimeAndAllElseGoesOnUntilItThaws() throws Exception {
    mount();
    try (NodeServer server = NodeServer.start(config())) {
      awaitReadiness(200, "[+]blob-store ok");
      String id = upload("before").getAsset().getId();

      assertThat(succeeds("fsfreeze", "--freeze", disk.toString())).isTrue();
      long before = System.nanoTime();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(() -> upload("while it hangs"))
          .withCauseInstanceOf(StatusRuntimeException.class)
          .satisfies(
              e -> {
                Status status = Status.fromThrowable(e.getCause());
                assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(status.getDescription())
                    .contains("the blob store does not answer")
                    .contains("has taken more than 1.0 s")
                    .contains("threads hang")
                    .doesNotContain(disk.toString());
              });
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(20));
      awaitReadiness(503, "[-]blob-store");
      assertThat(node.get(node.port, "/livez").statusCode()).isEqualTo(200);
      assertThat(node.get(node.metricsPort, "/metrics").body())
          .containsPattern("assetmanager_store_steps_hanging [1-9]")
          .containsPattern("assetmanager_store_steps_timed_out_total [1-9]");
      HttpResponse<String> found =
          node.call("asset.v1.AssetManagerService/GetAsset", "{\"id\":\"" + id + "\"}");
      assertThat(found.statusCode()).isEqualTo(200);
      assertThat(found.body()).contains("before");

      assertThat(succeeds("fsfreeze", "--unfreeze", disk.toString())).isTrue();
      awaitReadiness(200, "[+]blob-store ok");
      assertThat(upload("after").getAsset().getSizeBytes()).isPositive();
      Awaitility.await()
          .atMost(SOON)
          .untilAsserted(() -> assertThat(disk.resolve("blobs/.staging")).isEmptyDirectory());
      assertThat(server.terminated()).isNotDone();
    }
  }

  @Test
  void aNodeWhoseStoreHangsDoesNotStartAndSaysWhy() throws Exception {
    mount();
    assertThat(succeeds("fsfreeze", "--freeze", disk.toString())).isTrue();

    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> NodeServer.start(config()).close())
        .withMessageContaining(PREFIX + "NFS_PATH")
        .withMessageContaining("has taken more than 1.0 s");
  }

  private NodeConfig config() throws Exception {
    Map<String, String> environment = node.environment();
    environment.put(PREFIX + "STORAGE_BACKEND", "nfs");
    environment.put(PREFIX + "NFS_REQUIRE_MOUNT", "false");
    environment.put(PREFIX + "NFS_PATH", disk.resolve("blobs").toString());
    environment.put(PREFIX + "STORAGE_TIMEOUT", "1s");
    return NodeConfig.read(environment);
  }

  private void awaitReadiness(int status, String text) {
    Awaitility.await()
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              HttpResponse<String> answer = node.get(node.port, "/readyz?verbose");
              assertThat(answer.body()).contains(text);
              assertThat(answer.statusCode()).isEqualTo(status);
            });
  }

  private UploadAssetResponse upload(String name) throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", node.port).usePlaintext().build();
    CompletableFuture<UploadAssetResponse> answer = new CompletableFuture<>();
    try {
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
      upload.onNext(
          UploadAssetRequest.newBuilder().setChunk(ByteString.copyFromUtf8(name)).build());
      upload.onCompleted();
      return answer.get(60, TimeUnit.SECONDS);
    } finally {
      channel.shutdownNow();
    }
  }

  private void mount() throws Exception {
    Path image = directory.resolve("image");
    assumeTrue(succeeds("truncate", "-s", "64M", image.toString()), "needs truncate");
    assumeTrue(succeeds("mkfs.ext4", "-q", image.toString()), "needs mkfs.ext4");
    mounted = succeeds("mount", "-o", "loop", image.toString(), disk.toString());
    assumeTrue(mounted, "needs root and loop devices");
  }

  private static boolean succeeds(String... command) throws Exception {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean done = process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!done) {
        System.out.println(String.join(" ", command) + ": " + output);
      }
      return done;
    } catch (IOException e) {
      System.out.println(command[0] + ": " + e);
      return false;
    }
  }
}
