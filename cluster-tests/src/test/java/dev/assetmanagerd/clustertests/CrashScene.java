package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Sha256Sum;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import dev.assetmanagerd.process.FailPoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** A cluster whose nodes fail at named steps, and what has to be true of it afterwards. */
final class CrashScene {
  private static final Duration CALL_MAX = Duration.ofSeconds(20);
  private static final Duration SETTLE_MAX = Duration.ofSeconds(60);
  private static final AtomicLong CONTENT_SEEDS = new AtomicLong();

  private final TestCluster cluster;

  CrashScene(TestCluster cluster) {
    this.cluster = cluster;
  }

  /** A call that leads to a step. */
  interface Call {
    void run(AssetClient client) throws CallFailedException;
  }

  /** Bytes that no other test has. */
  static RandomContent newContent() {
    return new RandomContent(0xC4A5 + CONTENT_SEEDS.getAndIncrement(), 20_000);
  }

  /** A client of one node. */
  static AssetClient clientOf(Node node) {
    return new AssetClient(List.of(node), 0, CALL_MAX);
  }

  /** A client of whoever leads now. */
  AssetClient client() {
    return clientOf(cluster.awaitLeader());
  }

  Asset upload(RandomContent content) throws CallFailedException {
    return upload(client(), "", content);
  }

  static Asset upload(AssetClient client, String id, RandomContent content)
      throws CallFailedException {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setId(id)
            .setName("crash-" + content.seed() + ".img")
            .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
            .setCreatedBy("cluster-tests")
            .build();
    return client.upload(metadata, content);
  }

  static void delete(AssetClient client, Asset asset) throws CallFailedException {
    DeleteAssetRequest request = DeleteAssetRequest.newBuilder().setId(asset.getId()).build();
    assertThat(client.call(stub -> stub.deleteAsset(request)).getDeleted()).isTrue();
  }

  /** Halts the leader at a step that a call to it leads to. */
  Node haltLeaderAt(FailPoint point, Call call) {
    Node leader = cluster.awaitLeader();
    cluster.failAt(leader, point, FailAction.HALT);
    CompletableFuture<Void> running = begin(leader, call);
    cluster.awaitHalt(leader, point);
    cluster.clearFailPoint(leader, point);
    awaitEnd(running);
    return leader;
  }

  /** Calls a node on a thread of its own. */
  CompletableFuture<Void> begin(Node node, Call call) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            call.run(clientOf(node));
          } catch (CallFailedException e) {
            System.out.println("the call ended with " + e.getMessage());
            if (!e.isRetryable()) {
              throw new AssertionError("a call to a crashing node failed oddly", e);
            }
          }
        });
  }

  /** The call has to end, and with nothing else than success or a failure that allows a retry. */
  void awaitEnd(CompletableFuture<Void> call) {
    try {
      call.get(2 * CALL_MAX.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("the call", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Brings everything back that a test has broken. */
  void heal() {
    for (Node node : cluster.nodes()) {
      for (FailPoint point : FailPoint.values()) {
        cluster.clearFailPoint(node, point);
      }
      if (!node.isRunning()) {
        cluster.start(node);
      } else if (!node.isResponsive()) {
        cluster.resume(node);
      }
    }
    cluster.awaitReady();
    cluster.awaitLeader();
  }

  /** Whether an asset is known in whatever state. */
  boolean isThere(Asset asset) throws CallFailedException {
    AssetClient client = client();
    return client.listAll().stream().anyMatch(any -> any.getId().equals(asset.getId()))
        || client.list(AssetStatus.ASSET_STATUS_DELETING).stream()
            .anyMatch(any -> any.getId().equals(asset.getId()));
  }

  boolean isStored(Asset asset) {
    return Files.exists(blob(asset));
  }

  Path blob(Asset asset) {
    return cluster.blobDirectory().resolve(asset.getLocation());
  }

  void assertIntact(Asset asset) throws Exception {
    assertThat(Sha256Sum.of(blob(asset))).as("blob of %s", asset).isEqualTo(asset.getChecksum());
  }

  /** Waits until an asset is gone with its record, and its blob as well. */
  void awaitGone(Asset asset) {
    await("record and blob of " + asset.getId() + " are gone")
        .atMost(SETTLE_MAX)
        .until(() -> !isThere(asset) && !isStored(asset));
  }

  /** Heals, and waits until store and registry agree, and nothing is half done. */
  void assertSettled() throws Exception {
    heal();
    await("store and registry agree")
        .atMost(SETTLE_MAX)
        .untilAsserted(
            () -> {
              AssetClient client = client();
              assertThat(client.list(AssetStatus.ASSET_STATUS_DELETING)).as("deleting").isEmpty();
              assertThat(StoreAudit.check(cluster.blobDirectory(), client.listAll())).isEmpty();
            });
    for (Asset asset : client().listAll()) {
      assertIntact(asset);
      assertThat(asset.getReferenceCount()).as("leases on %s", asset).isZero();
    }
    cluster.assertReplicasEqual();
  }
}
