package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.clustertests.client.Uploads;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Uploads pass through a node; they do not pile up in it. */
@Tag("cluster")
@Timeout(180)
final class UploadStreamingTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE_BYTES = 256 * MIB;

  /** Half of one upload: a node that holds one in memory cannot stay below. */
  private static final long GROWTH_MAX_BYTES = 128 * MIB;

  private static final Duration UPLOAD_MAX = Duration.ofMinutes(2);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void twoLargeUploadsAtOnceOverHttp1AndHttp2LeaveTheNodeSmall() throws Exception {
    TestCluster cluster =
        clusters.start(
            1,
            options ->
                options.withJvm(
                    List.of("-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")));
    Node node = cluster.leader();
    SampleAssets.uploadSmall(node, "warm-up");
    ProcessMemory memory = new ProcessMemory(node.pid());
    memory.resetPeak();
    long idle = memory.residentBytes();

    RandomContent first = new RandomContent(1, SIZE_BYTES);
    RandomContent second = new RandomContent(2, SIZE_BYTES);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<Asset> overGrpc =
          threads.submit(
              () -> Uploads.overGrpc(node.channel(), metadata("grpc"), first.open(), UPLOAD_MAX));
      Future<Asset> overConnect =
          threads.submit(
              () ->
                  Uploads.overConnect(
                      HttpClient.newHttpClient(),
                      node,
                      metadata("connect"),
                      second.open(),
                      UPLOAD_MAX));
      assertStored(overGrpc.get(UPLOAD_MAX.toSeconds(), TimeUnit.SECONDS), first);
      assertStored(overConnect.get(UPLOAD_MAX.toSeconds(), TimeUnit.SECONDS), second);
    } finally {
      threads.shutdownNow();
    }
    long growth = memory.peakResidentBytes() - idle;
    System.out.println("idle " + idle / MIB + " MiB, peak " + growth / MIB + " MiB more");
    assertThat(growth).as("growth of the node's memory in bytes").isLessThan(GROWTH_MAX_BYTES);
  }

  private static void assertStored(Asset asset, RandomContent content) {
    assertThat(asset.getSizeBytes()).isEqualTo(content.size());
    assertThat(asset.getChecksum()).isEqualTo(content.sha256());
  }

  private static UploadAssetMetadata metadata(String name) {
    return UploadAssetMetadata.newBuilder()
        .setName(name + ".img")
        .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
        .setCreatedBy("cluster-tests")
        .build();
  }
}
