package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.release;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.DeletionMarked;
import dev.assetmanagerd.log.v1.DeletionMarked.Refusal;
import dev.assetmanagerd.log.v1.DeletionMarked.Why;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The two steps of deleting. */
class DeletionRulesTest {
  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply(
        register(asset("a").toBuilder().putLabels("k", "v").build()), register("b"), register("c"));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void eachAssetIsDecidedByItself() {
    registry.apply(acquire("b", "l1", 0), acquire("b", "l2", 0), mark("c"));

    DeletionMarked marked = registry.one(mark("a", "b", "c", "d", "a")).getDeletionMarked();

    assertThat(marked.getMarkedList()).containsExactly(registry.asset("a"));
    assertThat(marked.getMarked(0).getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_DELETING);
    assertThat(marked.getMarked(0).getLabelsMap()).containsEntry("k", "v");
    assertThat(marked.getRefusedList())
        .containsExactly(
            refusal("b", Why.WHY_LEASED, 2),
            refusal("c", Why.WHY_DELETING, 0),
            refusal("d", Why.WHY_NOT_FOUND, 0),
            refusal("a", Why.WHY_DELETING, 0));
    assertThat(registry.asset("b").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void endingLeasesMarksALeasedAssetAndItsLeasesAreGone() {
    registry.apply(acquire("a", "l1", 0), acquire("a", "l2", 60), acquire("b", "l3", 0));

    DeletionMarked marked = registry.one(mark(0, true, "a")).getDeletionMarked();

    assertThat(marked.getMarked(0).getReferenceCount()).isZero();
    assertThat(registry.rejection(release("l1")).getRule()).isEqualTo(Rule.RULE_LEASE_NOT_FOUND);
    assertThat(registry.rejection(release("l2")).getRule()).isEqualTo(Rule.RULE_LEASE_NOT_FOUND);
    assertThat(registry.one(release("l3")).hasLeaseReleased()).isTrue();
  }

  @Test
  void anExpiredLeaseDoesNotHoldAndIsEndedWithTheMarking() {
    registry.apply(acquire("a", "l", 10));
    registry.advanceClock(9_999);
    assertThat(registry.one(mark("a")).getDeletionMarked().getRefusedList())
        .containsExactly(refusal("a", Why.WHY_LEASED, 1));
    registry.advanceClock(1);

    assertThat(registry.one(mark("a")).getDeletionMarked().getMarkedCount()).isEqualTo(1);

    assertThat(registry.database.read(RegistryView::hasDeadlines)).isFalse();
    assertThat(registry.asset("a").getReferenceCount()).isZero();
  }

  @Test
  void onlyLeasesThatStillHoldAreCountedAgainstDeleting() {
    registry.apply(acquire("a", "l1", 10), acquire("a", "l2", 0));
    registry.advanceClock(10_000);

    assertThat(registry.one(mark("a")).getDeletionMarked().getRefusedList())
        .containsExactly(refusal("a", Why.WHY_LEASED, 1));
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(2);
  }

  @Test
  void anAssetUsedSinceTheCutoffIsTooYoung() {
    registry.wall += 99;
    String before = registry.hash();
    assertThat(registry.one(mark(100, false, "a")).getDeletionMarked().getRefusedList())
        .containsExactly(refusal("a", Why.WHY_TOO_YOUNG, 0));
    assertThat(registry.hash()).isEqualTo(before);

    registry.wall += 1;
    assertThat(registry.one(mark(100, false, "a")).getDeletionMarked().getMarkedCount())
        .isEqualTo(1);
  }

  @Test
  void beingTooYoungEndsNoLeases() {
    registry.one(acquire("a", "l", 1));
    registry.advanceClock(1_000);

    assertThat(registry.one(mark(100, true, "a")).getDeletionMarked().getRefusedList())
        .containsExactly(refusal("a", Why.WHY_TOO_YOUNG, 0));

    assertThat(registry.one(release("l")).hasLeaseReleased()).isTrue();
  }

  @Test
  void aNegativeAgeIsRejected() {
    assertThat(registry.rejection(mark(-1, false, "a")).getField()).isEqualTo("min_idle_seconds");
  }

  @Test
  void purgingRemovesMarkedAssetsWithTheirLabelsAndLeavesTheOthers() {
    registry.apply(mark("a"));

    assertThat(registry.one(purge("a", "b", "nobody")).getAssetsPurged().getAssetIdsList())
        .containsExactly("a");

    assertThat(registry.exists("a")).isFalse();
    assertThat(registry.exists("b")).isTrue();
    registry.one(register("a"));
    assertThat(registry.asset("a").getLabelsMap()).isEmpty();
  }

  @Test
  void assetsBeingDeletedAreListedForTheLeader() {
    registry.apply(mark("c", "a"));

    assertThat(ids(registry.database.read(view -> view.deleting(10)))).containsExactly("a", "c");
    assertThat(ids(registry.database.read(view -> view.deleting(1)))).containsExactly("a");
    assertThat(registry.database.read(view -> view.deleting(1)).get(0).getLabelsMap())
        .containsEntry("k", "v");
  }

  @Test
  void aBlobIsInUseWhileAnotherAssetRefersToIt() {
    StorageBackend local = StorageBackend.STORAGE_BACKEND_LOCAL;
    registry.one(register(asset("d").toBuilder().setLocation("blobs/a").build()));

    assertThat(registry.database.<Boolean>read(view -> view.blobInUse(local, "blobs/a", "a")))
        .isTrue();
    assertThat(registry.database.<Boolean>read(view -> view.blobInUse(local, "blobs/b", "b")))
        .isFalse();
    assertThat(
            registry.database.<Boolean>read(
                view -> view.blobInUse(StorageBackend.STORAGE_BACKEND_NFS, "blobs/a", "a")))
        .isFalse();
    registry.apply(mark("d"));
    assertThat(registry.database.<Boolean>read(view -> view.blobInUse(local, "blobs/a", "a")))
        .isTrue();
    registry.apply(purge("d"));
    assertThat(registry.database.<Boolean>read(view -> view.blobInUse(local, "blobs/a", "a")))
        .isFalse();
  }

  @Test
  void collectableIsWhatMarkingWouldMark() {
    registry.apply(acquire("a", "l1", 10), acquire("b", "l2", 0));
    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("c");
    registry.advanceClock(10_000);

    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("a", "c");
    assertThat(collectable(registry.wall + 1, null, 1)).containsExactly("a");
    assertThat(collectable(registry.wall + 1, "a", 10)).containsExactly("c");
    assertThat(collectable(registry.wall, null, 10)).isEmpty();
    registry.apply(mark("c"));
    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("a");
  }

  @Test
  void collectableIsExactWhateverKeepsSomeOfTheLeases() {
    registry.apply(acquire("a", "l1", 10), acquire("a", "l2", 20), acquire("b", "l3", 10));
    registry.advanceClock(10_000);
    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("b", "c");

    registry.advanceClock(10_000);

    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("a", "b", "c");
    assertThat(registry.one(mark("a", "b", "c")).getDeletionMarked().getMarkedCount()).isEqualTo(3);
  }

  @Test
  void anAssetThatHasLostItsBlobIsCollectableByTheSameRules() {
    registry.apply(acquire("a", "l1", 0), BlobTestCommands.missing("a", "b"));

    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("b", "c");
    assertThat(collectable(registry.wall, null, 10)).isEmpty();
    assertThat(registry.one(mark("a", "b")).getDeletionMarked().getMarkedCount()).isEqualTo(1);
    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("c");
  }

  @Test
  void anAssetWhoseHostWentSilentIsCollectable() {
    registry.apply(
        Command.newBuilder()
            .setOpenSession(
                OpenSession.newBuilder()
                    .setSessionId("s")
                    .setHost("h")
                    .setTtlMillis(1_000)
                    .setGraceMillis(500))
            .build(),
        Command.newBuilder()
            .setAcquireAsset(
                AcquireAsset.newBuilder()
                    .setAssetId("a")
                    .setLeaseId("l1")
                    .setAcquiredBy("vm")
                    .setSessionId("s"))
            .build());
    registry.advanceClock(1_499);
    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("b", "c");

    registry.advanceClock(1);

    assertThat(collectable(registry.wall + 1, null, 10)).containsExactly("a", "b", "c");
    assertThat(registry.one(mark("a")).getDeletionMarked().getMarkedCount()).isEqualTo(1);
  }

  private List<String> collectable(long before, @Nullable String after, int limit) {
    return ids(
        registry.database.read(
            view -> {
              Asset last = after == null ? null : view.asset(after).orElseThrow();
              return view.collectable(before, last, limit);
            }));
  }

  private static List<String> ids(List<Asset> assets) {
    return assets.stream().map(Asset::getId).toList();
  }

  private static Refusal refusal(String id, Why why, int leases) {
    return Refusal.newBuilder().setAssetId(id).setWhy(why).setLeaseCount(leases).build();
  }
}
