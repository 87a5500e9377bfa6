package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.process.FailPoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** The leader dies, or stands still, at every step of a deletion. */
@Tag("cluster")
@Timeout(180)
final class DeletionCrashTest {
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);
  private static final GarbageCollectRequest COLLECT =
      GarbageCollectRequest.newBuilder().setMaxAgeSeconds(1).setDeleteUnreferenced(true).build();

  @RegisterExtension static final Clusters clusters = new Clusters();

  private TestCluster cluster;
  private CrashScene scene;

  @BeforeEach
  void shareOneCluster() {
    cluster = clusters.shared(3, options -> options.withFailPoints().with("GC_ENABLED", "false"));
    scene = new CrashScene(cluster);
  }

  @AfterEach
  void heal() {
    scene.heal();
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.MATCH_ALL, names = "DELETE_.*")
  void aDeletionIsFinishedByTheNextLeader(FailPoint point) throws Exception {
    Asset bystander = scene.upload(CrashScene.newContent());
    Asset asset = scene.upload(CrashScene.newContent());

    scene.haltLeaderAt(point, client -> CrashScene.delete(client, asset));

    scene.awaitGone(asset);
    scene.assertIntact(bystander);
    scene.assertSettled();
  }

  @ParameterizedTest
  @EnumSource(names = {"DELETE_AFTER_MARK", "DELETE_AFTER_PURGE"})
  void aBlobThatTwoAssetsShareOutlivesTheFirstOfThemAndGoesWithTheSecond(FailPoint point)
      throws Exception {
    RandomContent content = CrashScene.newContent();
    Asset first = scene.upload(content);
    Asset second = scene.upload(content);
    assertThat(second.getLocation())
        .as("location of the same bytes")
        .isEqualTo(first.getLocation());

    scene.haltLeaderAt(point, client -> CrashScene.delete(client, first));

    await("the first is gone").atMost(WAIT_MAX).until(() -> !scene.isThere(first));
    scene.assertIntact(second);
    scene.assertSettled();
    CrashScene.delete(scene.client(), second);
    scene.awaitGone(second);
    scene.assertSettled();
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.MATCH_ALL, names = "DELETE_.*")
  void aCollectionIsFinishedByTheNextLeader(FailPoint point) throws Exception {
    List<Asset> garbage = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      garbage.add(scene.upload(CrashScene.newContent()));
    }
    await("all of it is old enough").atMost(WAIT_MAX).until(() -> wouldCollect(garbage));

    scene.haltLeaderAt(point, client -> client.call(stub -> stub.garbageCollect(COLLECT)));

    // What was marked before the crash is finished; the rest goes with the next collection.
    scene.heal();
    scene.client().call(stub -> stub.garbageCollect(COLLECT));
    garbage.forEach(scene::awaitGone);
    scene.assertSettled();
  }

  private boolean wouldCollect(List<Asset> garbage) throws CallFailedException {
    GarbageCollectRequest dryRun = COLLECT.toBuilder().setDryRun(true).build();
    GarbageCollectResponse response = scene.client().call(stub -> stub.garbageCollect(dryRun));
    return response.getDeletedAssetsList().stream()
        .map(Asset::getId)
        .toList()
        .containsAll(garbage.stream().map(Asset::getId).toList());
  }

  /**
   * Between the decision to delete a blob and the deletion, the leader's host freezes. The next
   * leader finishes, the same bytes come back, and then the old leader carries out what it had
   * decided long ago.
   */
  @Test
  void aDeletionThatADeposedLeaderCarriesOutLateHitsNothingThatAnybodyNeeds() throws Exception {
    RandomContent content = CrashScene.newContent();
    Asset old = scene.upload(content);
    Node deposed = cluster.awaitLeader();
    cluster.failAt(deposed, FailPoint.DELETE_BEFORE_BLOB, FailAction.PAUSE);
    cluster.failAt(deposed, FailPoint.DELETE_AFTER_BLOB, FailAction.FAIL);
    CompletableFuture<Void> call = scene.begin(deposed, client -> CrashScene.delete(client, old));
    cluster.awaitHit(deposed, FailPoint.DELETE_BEFORE_BLOB);
    cluster.pause(deposed);

    scene.awaitGone(old);
    Asset anew = scene.upload(content);
    String lease = acquire(anew);
    scene.assertIntact(anew);
    cluster.clearFailPoint(deposed, FailPoint.DELETE_BEFORE_BLOB);
    cluster.resume(deposed);
    cluster.awaitHit(deposed, FailPoint.DELETE_AFTER_BLOB);
    scene.awaitEnd(call);

    scene.assertIntact(anew);
    assertThat(anew.getLocation()).isNotEqualTo(old.getLocation());
    release(lease);
    scene.assertSettled();
    scene.assertIntact(anew);
  }

  @Test
  void aLeaderThatStandsStillAfterMarkingDeletesNothingOnceItIsDeposed() throws Exception {
    RandomContent content = CrashScene.newContent();
    Asset old = scene.upload(content);
    Node deposed = cluster.awaitLeader();
    cluster.failAt(deposed, FailPoint.DELETE_AFTER_MARK, FailAction.PAUSE);
    CompletableFuture<Void> call = scene.begin(deposed, client -> CrashScene.delete(client, old));
    cluster.awaitHit(deposed, FailPoint.DELETE_AFTER_MARK);
    cluster.pause(deposed);

    scene.awaitGone(old);
    Asset anew = scene.upload(content);
    cluster.clearFailPoint(deposed, FailPoint.DELETE_AFTER_MARK);
    cluster.resume(deposed);
    scene.awaitEnd(call);

    scene.assertSettled();
    scene.assertIntact(anew);
  }

  /** The same without any change of leader: the deletion is merely slow. */
  @Test
  void bytesThatAreUploadedWhileTheirBlobIsBeingDeletedAreStoredAnew() throws Exception {
    RandomContent content = CrashScene.newContent();
    Asset old = scene.upload(content);
    Node leader = cluster.awaitLeader();
    cluster.failAt(leader, FailPoint.DELETE_BEFORE_BLOB, FailAction.PAUSE);
    CompletableFuture<Void> call = scene.begin(leader, client -> CrashScene.delete(client, old));
    cluster.awaitHit(leader, FailPoint.DELETE_BEFORE_BLOB);

    Asset anew = CrashScene.upload(CrashScene.clientOf(cluster.follower()), "", content);
    String lease = acquire(anew);
    assertThat(anew.getLocation()).isNotEqualTo(old.getLocation());
    cluster.clearFailPoint(leader, FailPoint.DELETE_BEFORE_BLOB);
    scene.awaitEnd(call);

    scene.awaitGone(old);
    scene.assertIntact(anew);
    release(lease);
    scene.assertSettled();
  }

  private String acquire(Asset asset) throws CallFailedException {
    AssetClient client = scene.client();
    return client
        .call(
            stub ->
                stub.acquireAsset(
                    AcquireAssetRequest.newBuilder()
                        .setAssetId(asset.getId())
                        .setAcquiredBy("vm")
                        .build()))
        .getLeaseId();
  }

  private void release(String lease) throws CallFailedException {
    AssetClient client = scene.client();
    client.call(
        stub -> stub.releaseAsset(ReleaseAssetRequest.newBuilder().setLeaseId(lease).build()));
  }
}
