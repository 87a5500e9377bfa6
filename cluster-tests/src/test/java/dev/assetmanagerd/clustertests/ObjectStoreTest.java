package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Uploads;
import dev.assetmanagerd.s3server.S3Server;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Three nodes whose blobs are in S3. */
@Tag("cluster")
@Timeout(120)
final class ObjectStoreTest {
  private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");
  private static final Duration CALL_MAX = Duration.ofSeconds(30);

  /** More than one part. */
  private static final long SIZE_BYTES = 20L << 20;

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void whatOneNodePutsIntoTheBucketAllNodesKnowAndDeletingTheAssetEmptiesTheBucket()
      throws Exception {
    S3Server server = S3Server.shared();
    String bucket = server.newBucket();
    TestCluster cluster =
        clusters.start(
            3,
            options ->
                options
                    .with("STORAGE_BACKEND", "s3")
                    .with("S3_BUCKET", bucket)
                    .with("S3_PREFIX", "vm/assets")
                    .with("S3_ENDPOINT", server.endpoint().toString())
                    .with("S3_ACCESS_KEY_ID", "key")
                    .with("S3_SECRET_ACCESS_KEY", "secret"));
    RandomContent content = new RandomContent(1, SIZE_BYTES);

    Asset asset =
        Uploads.overGrpc(cluster.follower().channel(), metadata(), content.open(), CALL_MAX);

    assertThat(asset.getBackend()).isEqualTo(StorageBackend.STORAGE_BACKEND_S3);
    assertThat(asset.getSizeBytes()).isEqualTo(SIZE_BYTES);
    assertThat(keys(server, bucket)).containsExactly("vm/assets/" + asset.getLocation());
    for (Node node : cluster.nodes()) {
      assertThat(calls(node).getAsset(byId(asset)).getAsset().getChecksum())
          .as("at %s", node)
          .isEqualTo(asset.getChecksum());
    }

    var unused =
        calls(cluster.follower())
            .deleteAsset(DeleteAssetRequest.newBuilder().setId(asset.getId()).build());

    await("the bucket is empty")
        .atMost(CALL_MAX)
        .untilAsserted(() -> assertThat(keys(server, bucket)).isEmpty());
    cluster.assertReplicasEqual();
  }

  private static UploadAssetMetadata metadata() {
    return UploadAssetMetadata.newBuilder()
        .setName("rootfs.ext4")
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setCreatedBy("cluster-tests")
        .build();
  }

  private static GetAssetRequest byId(Asset asset) {
    return GetAssetRequest.newBuilder().setId(asset.getId()).build();
  }

  private static AssetManagerServiceGrpc.AssetManagerServiceBlockingStub calls(Node node) {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(CALL_MAX.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** All that is in the bucket, past the product. */
  private static List<String> keys(S3Server server, String bucket)
      throws IOException, InterruptedException {
    URI list = server.endpoint().resolve("/" + bucket + "?list-type=2");
    String answer =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(list).build(), HttpResponse.BodyHandlers.ofString())
            .body();
    return KEY.matcher(answer).results().map((MatchResult key) -> key.group(1)).toList();
  }
}
