package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetResponse;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** grpc-java against all three nodes: the same answers everywhere, under both service names. */
@Tag("cluster")
@Timeout(180)
final class ReadYourWritesTest {
  private static final int ROUNDS = 200;
  private static final Metadata.Key<String> CONSISTENCY = key("Assetmanager-Consistency");
  private static final Metadata.Key<String> INDEX = key("Assetmanager-Index");

  @RegisterExtension static final Clusters CLUSTERS = new Clusters();

  private static TestCluster cluster;

  @BeforeAll
  static void startCluster() {
    cluster = CLUSTERS.start(3);
  }

  @Test
  void readOnAnotherNodeSeesTheWriteThatWasJustAcknowledged() {
    String asset = SampleAssets.create(cluster.leader(), "ryw", 1).get(0);
    for (int round = 0; round < ROUNDS; round++) {
      Node writer = cluster.nodes().get(round % 3);
      Node reader = cluster.nodes().get((round + 1 + round / 3 % 2) % 3);
      int acknowledged = acquire(writer, asset).getAsset().getReferenceCount();
      assertThat(acknowledged).as("leases after acquire %s", round).isEqualTo(round + 1);
      assertThat(get(reader.channel(), asset).getReferenceCount())
          .as("leases that %s reads after %s acknowledged", reader, writer)
          .isEqualTo(acknowledged);
    }
  }

  @Test
  void bothServiceNamesShowTheSameAssetsOnEveryNode() {
    List<String> assets = SampleAssets.create(cluster.leader(), "names", 3);
    for (Node node : cluster.nodes()) {
      ListAssetsRequest request =
          ListAssetsRequest.newBuilder().putLabelSelector("set", "names").build();
      List<Asset> documented =
          dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.newBlockingStub(node.channel())
              .withDeadlineAfter(10, TimeUnit.SECONDS)
              .listAssets(request)
              .getAssetsList();
      List<Asset> deployed =
          AssetManagerServiceGrpc.newBlockingStub(node.channel())
              .withDeadlineAfter(10, TimeUnit.SECONDS)
              .listAssets(request)
              .getAssetsList();
      assertThat(documented).as("asset.v1 on %s", node).isEqualTo(deployed);
      assertThat(deployed).extracting(Asset::getId).containsExactlyInAnyOrderElementsOf(assets);
    }
  }

  @Test
  void leaseTakenUnderOneNameIsReleasedUnderTheOther() {
    String asset = SampleAssets.create(cluster.leader(), "both", 1).get(0);
    String lease = acquire(cluster.nodes().get(0), asset).getLeaseId();
    Asset released =
        AssetManagerServiceGrpc.newBlockingStub(cluster.nodes().get(1).channel())
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .releaseAsset(ReleaseAssetRequest.newBuilder().setLeaseId(lease).build())
            .getAsset();
    assertThat(released.getReferenceCount()).isZero();
  }

  @Test
  void indexOfAWriteSentWithAStaleReadMakesItWaitForThatWrite() {
    String asset = SampleAssets.create(cluster.leader(), "index", 1).get(0);
    for (int round = 1; round <= ROUNDS / 4; round++) {
      Node writer = cluster.nodes().get(round % 3);
      AtomicReference<Metadata> headers = new AtomicReference<>(new Metadata());
      Channel watched =
          ClientInterceptors.intercept(
              writer.channel(),
              MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
      acquire(watched, asset);
      String index = Objects.requireNonNull(headers.get()).get(INDEX);
      assertThat(index).as("header %s of a write through %s", INDEX.name(), writer).isNotNull();
      assertThat(Long.parseLong(index)).isPositive();

      for (Node reader : cluster.nodes()) {
        Channel channel =
            with(with(reader.channel(), INDEX, index), CONSISTENCY, "stale; max-age=60s");
        assertThat(get(channel, asset).getReferenceCount())
            .as("leases on %s at index %s", reader, index)
            .isEqualTo(round);
      }
    }
  }

  @Test
  void staleReadIsAnsweredOnEveryNode() {
    String asset = SampleAssets.create(cluster.leader(), "stale", 1).get(0);
    cluster.awaitCaughtUp();
    for (Node node : cluster.nodes()) {
      Channel channel = with(node.channel(), CONSISTENCY, "stale; max-age=30s");
      assertThat(get(channel, asset).getId()).as("read on %s", node).isEqualTo(asset);
    }
  }

  @Test
  void unknownConsistencyIsRefusedByName() {
    String asset = SampleAssets.create(cluster.leader(), "odd", 1).get(0);
    Channel channel = with(cluster.nodes().get(0).channel(), CONSISTENCY, "sometimes");
    StatusRuntimeException refused =
        Assertions.catchThrowableOfType(StatusRuntimeException.class, () -> get(channel, asset));
    assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(refused.getStatus().getDescription()).containsIgnoringCase(CONSISTENCY.name());
  }

  private static AcquireAssetResponse acquire(Node node, String asset) {
    return acquire(node.channel(), asset);
  }

  private static AcquireAssetResponse acquire(Channel channel, String asset) {
    return dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .acquireAsset(
            AcquireAssetRequest.newBuilder().setAssetId(asset).setAcquiredBy("ryw").build());
  }

  private static Asset get(Channel channel, String asset) {
    GetAssetResponse response =
        AssetManagerServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .getAsset(GetAssetRequest.newBuilder().setId(asset).build());
    return response.getAsset();
  }

  private static Channel with(Channel channel, Metadata.Key<String> key, String value) {
    Metadata headers = new Metadata();
    headers.put(key, value);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
