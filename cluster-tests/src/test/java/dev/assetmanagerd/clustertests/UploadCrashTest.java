package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Sha256Sum;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import dev.assetmanagerd.process.FailPoint;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The leader dies at every step of an upload, of a preparation, and of a sweep of the store. */
@Tag("cluster")
@Timeout(180)
final class UploadCrashTest {
  private static final Duration WAIT_MAX = Duration.ofSeconds(90);

  @RegisterExtension static final Clusters clusters = new Clusters();

  private TestCluster cluster;
  private CrashScene scene;

  @BeforeEach
  void shareOneCluster() {
    cluster =
        clusters.shared(
            3,
            options ->
                options.withFailPoints().with("GC_ENABLED", "false").with("GC_UPLOAD_GRACE", "5s"));
    scene = new CrashScene(cluster);
  }

  @AfterEach
  void heal() {
    scene.heal();
  }

  @ParameterizedTest
  @EnumSource(names = {"UPLOAD_AFTER_RESERVE", "UPLOAD_AFTER_PUT"})
  void anUploadThatDiedBeforeItWasRegisteredSucceedsWhenItIsTriedAgain(FailPoint point)
      throws Exception {
    RandomContent content = CrashScene.newContent();
    String id = "again-" + content.seed();

    scene.haltLeaderAt(point, client -> CrashScene.upload(client, id, content));
    Asset asset = CrashScene.upload(scene.client(), id, content);

    scene.assertIntact(asset);
    scene.assertSettled();
  }

  @Test
  void anUploadThatDiedAfterItWasRegisteredIsThereAndNotDoubledWhenItIsTriedAgain()
      throws Exception {
    RandomContent content = CrashScene.newContent();
    String id = "again-" + content.seed();

    scene.haltLeaderAt(
        FailPoint.UPLOAD_AFTER_REGISTER, client -> CrashScene.upload(client, id, content));

    assertThat(scene.client().listAll()).extracting(Asset::getId).containsOnlyOnce(id);
    Asset asset = CrashScene.upload(scene.client(), id, content);
    assertThat(scene.client().listAll()).containsOnlyOnce(asset);
    scene.assertIntact(asset);
    scene.assertSettled();
  }

  /** Nobody tries again: what lies in the store is a blob without a record, and swept away. */
  @ParameterizedTest
  @EnumSource(names = {"UPLOAD_AFTER_RESERVE", "UPLOAD_AFTER_PUT"})
  void nothingIsLeftOfAnUploadThatDiedAndIsNotTriedAgain(FailPoint point) throws Exception {
    RandomContent content = CrashScene.newContent();

    scene.haltLeaderAt(point, client -> CrashScene.upload(client, "", content));
    scene.heal();

    await("the store is swept clean")
        .atMost(WAIT_MAX)
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              sweep(scene.client());
              return StoreAudit.check(cluster.blobDirectory(), scene.client().listAll()).isEmpty();
            });
    scene.assertSettled();
  }

  /** One after the other in one test, for how long it may take is a minute. */
  @Test
  void assetsOfPreparationsThatDiedAreHeldNoLongerThanTheyMayTake() throws Exception {
    Asset asset = scene.upload(CrashScene.newContent());
    Path jail = cluster.jailerDirectory().resolve("vm-" + asset.getId());
    PrepareAssetsRequest request =
        PrepareAssetsRequest.newBuilder()
            .addAssetIds(asset.getId())
            .setTargetPath(jail.toString())
            .setPreparedFor("vm")
            .build();

    for (FailPoint point : List.of(FailPoint.PREPARE_AFTER_LEASES, FailPoint.PREPARE_AFTER_PLACE)) {
      scene.haltLeaderAt(point, client -> client.call(stub -> stub.prepareAssets(request)));
      scene.heal();
      assertThat(leases(asset)).as("held for those that died").isPositive();
      prepare(request, asset);
    }

    await("nobody holds it").atMost(WAIT_MAX).until(() -> leases(asset) == 0);
    scene.assertSettled();
  }

  private void prepare(PrepareAssetsRequest request, Asset asset) throws Exception {
    String path =
        scene
            .client()
            .call(stub -> stub.prepareAssets(request))
            .getAssetPathsOrThrow(asset.getId());
    assertThat(Sha256Sum.of(Path.of(path))).isEqualTo(asset.getChecksum());
  }

  @ParameterizedTest
  @EnumSource(names = {"SWEEP_AFTER_CONDEMN", "DELETE_BEFORE_BLOB", "DELETE_AFTER_BLOB"})
  void aSweepIsFinishedByTheNextLeader(FailPoint point) throws Exception {
    RandomContent content = CrashScene.newContent();
    Path orphan = orphan(content);

    scene.haltLeaderAt(point, UploadCrashTest::sweep);

    await("the orphan is gone").atMost(WAIT_MAX).until(() -> Files.notExists(orphan));
    Asset asset = scene.upload(content);
    scene.assertIntact(asset);
    scene.assertSettled();
  }

  /** A blob that no record tells of, as old as the hills. */
  private Path orphan(RandomContent content) throws Exception {
    String digest = content.sha256();
    Path orphan = cluster.blobDirectory().resolve(digest.substring(0, 2)).resolve(digest);
    Files.createDirectories(orphan.getParent());
    try (InputStream bytes = content.open()) {
      Files.copy(bytes, orphan);
    }
    Files.setLastModifiedTime(orphan, java.nio.file.attribute.FileTime.fromMillis(1_000_000_000L));
    return orphan;
  }

  private static SweepOrphansResponse sweep(AssetClient client) throws CallFailedException {
    SweepOrphansRequest request =
        SweepOrphansRequest.newBuilder().setMinAgeSeconds(1).setAllowEmptyRegistry(true).build();
    return client.over(
        channel ->
            GarbageServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .sweepOrphans(request));
  }

  private int leases(Asset asset) throws CallFailedException {
    List<Asset> all = scene.client().listAll();
    return all.stream()
        .filter(any -> any.getId().equals(asset.getId()))
        .findFirst()
        .orElseThrow()
        .getReferenceCount();
  }
}
