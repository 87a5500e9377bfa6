package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.storage.blob.BlobDeleter;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReaperTest {
  @TempDir Path directory;
  private final Set<String> undeletable = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<String> attempts = new ConcurrentLinkedQueue<>();
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private volatile Runnable afterAttempt = () -> {};
  private ServiceFixture service;
  private Reaper reaper;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.module.leadershipListener().onLeadershipLost(); // the one under test works instead
    BlobDeleter deleter =
        location -> {
          attempts.add(location);
          afterAttempt.run();
          if (undeletable.contains(location)) {
            throw new IOException("disk on fire");
          }
          return service.blobs.delete(location);
        };
    reaper = new Reaper(service.registry, deleter, thread, Duration.ofMillis(20));
  }

  @AfterEach
  void stop() {
    reaper.close();
    thread.shutdownNow();
    service.close();
  }

  @Test
  void whatCannotBeDeletedStaysOnTheListWithoutHoldingUpTheRest() {
    Asset stuck = deleted("stuck", 1);
    deleted("other", 2);
    undeletable.add(stuck.getLocation());

    reaper.onLeaderReady(1);

    await().until(() -> attempts.stream().filter(stuck.getLocation()::equals).count() >= 3);
    assertThat(service.registry.everything()).extracting(Asset::getId).containsExactly("stuck");
    assertThat(service.filesInStore()).containsExactly(stuck.getLocation());

    undeletable.clear();
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void aNodeThatDoesNotLeadDeletesNothing() {
    deleted("k", 1);
    reaper.onLeaderReady(1);
    await().untilAsserted(service::assertNothingLeft);
    reaper.onLeadershipLost();
    Asset second = deleted("second", 2);
    attempts.clear();

    reaper.kick();
    await().during(Duration.ofMillis(200)).until(attempts::isEmpty);
    assertThat(service.filesInStore()).containsExactly(second.getLocation());
  }

  @Test
  void whoCannotProveItsLeadershipAnyMoreDeletesNoFurther() {
    deleted("first", 1);
    deleted("second", 2);
    afterAttempt =
        () ->
            service.registry.failWith(
                new ClusterUnavailableException(
                    ClusterUnavailableException.Reason.NO_LEADER, false, "deposed"));

    reaper.onLeaderReady(1);

    await().until(() -> !attempts.isEmpty());
    await().during(Duration.ofMillis(300)).untilAsserted(() -> assertThat(attempts).hasSize(1));
    assertThat(service.filesInStore()).hasSize(1);

    afterAttempt = () -> {};
    service.registry.failWith(null);
    await().untilAsserted(service::assertNothingLeft);
  }

  @Test
  void moreThanOneBatchIsWorkedOff() {
    for (int i = 0; i < Reaper.BATCH + 3; i++) {
      service.plant("many/" + i, bytes(10, i));
      Asset asset =
          Asset.newBuilder()
              .setId("k" + i)
              .setName("k" + i)
              .setType(AssetType.ASSET_TYPE_KERNEL)
              .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
              .setLocation("many/" + i)
              .build();
      propose(Command.newBuilder().setRegisterAsset(RegisterAsset.newBuilder().setAsset(asset)));
      propose(Command.newBuilder().setMarkDeleting(MarkDeleting.newBuilder().addAssetIds("k" + i)));
    }
    assertThat(service.filesInStore()).hasSize(Reaper.BATCH + 3);

    reaper.onLeaderReady(1);

    await().atMost(Duration.ofSeconds(20)).untilAsserted(service::assertNothingLeft);
  }

  private void propose(Command.Builder command) {
    assertThat(
            service
                .registry
                .propose(command.build(), Deadline.after(5, TimeUnit.SECONDS))
                .join()
                .outcome()
                .hasRejection())
        .isFalse();
  }

  private Asset deleted(String id, int seed) {
    Asset asset = service.upload(kernel(id).setId(id), bytes(10, seed));
    assertThat(
            service
                .stub()
                .deleteAsset(DeleteAssetRequest.newBuilder().setId(id).build())
                .getDeleted())
        .isTrue();
    return asset;
  }
}
