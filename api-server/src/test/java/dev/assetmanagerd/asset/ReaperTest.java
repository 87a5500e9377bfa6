package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.storage.blob.BlobDeleter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReaperTest {
  @TempDir Path directory;
  private final Set<String> undeletable = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<String> attempts = new ConcurrentLinkedQueue<>();
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private ServiceFixture service;
  private Reaper reaper;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.module.leadershipListener().onLeadershipLost(); // the one under test works instead
    BlobDeleter deleter =
        location -> {
          attempts.add(location);
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
  void moreThanOneBatchIsWorkedOff() {
    for (int i = 0; i < Reaper.BATCH + 3; i++) {
      deleted("k" + i, i);
    }

    reaper.onLeaderReady(1);

    await().atMost(Duration.ofSeconds(20)).untilAsserted(service::assertNothingLeft);
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
