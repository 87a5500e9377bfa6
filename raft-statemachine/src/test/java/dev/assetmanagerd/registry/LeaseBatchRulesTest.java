package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.release;
import static dev.assetmanagerd.registry.LeaseTestCommands.HOUR;
import static dev.assetmanagerd.registry.LeaseTestCommands.acquireAll;
import static dev.assetmanagerd.registry.LeaseTestCommands.leasesOn;
import static dev.assetmanagerd.registry.LeaseTestCommands.releaseAll;
import static dev.assetmanagerd.registry.LeaseTestCommands.releaseHolder;
import static dev.assetmanagerd.registry.LeaseTestCommands.renew;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LeasesGranted;
import dev.assetmanagerd.log.v1.LeasesReleased;
import dev.assetmanagerd.log.v1.LeasesRenewed;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Taking several leases at once, keeping them, giving them back, and finding them. */
class LeaseBatchRulesTest {
  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply(register("a"), register("b"), register("c"));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private int references(String id) {
    return registry.asset(id).getReferenceCount();
  }

  private List<String> leases(
      @Nullable String assetId, @Nullable String holder, @Nullable Long within) {
    var query = new LeaseQuery(assetId, holder, null, within, null, 100);
    return registry.database.read(view -> view.leases(query)).stream().map(Lease::getId).toList();
  }

  private Lease lease(String id) {
    return registry
        .database
        .read(view -> view.lease(id))
        .orElseThrow(() -> new AssertionError("no lease " + id));
  }

  @Test
  void allAssetsAreLeasedInTheOrderAskedFor() {
    LeasesGranted granted =
        registry.one(acquireAll(leasesOn("b", "a").setTtlSeconds(60))).getLeasesGranted();

    assertThat(granted.getLeaseIdsList()).containsExactly("lease-on-b", "lease-on-a");
    assertThat(granted.getAssetsList()).containsExactly(registry.asset("b"), registry.asset("a"));
    assertThat(references("a")).isEqualTo(1);
    assertThat(references("c")).isZero();
    assertThat(lease("lease-on-a").getExpiresInMillis()).isEqualTo(60_000);
  }

  @Test
  void whereOneCannotBeLeasedNoneIs() {
    registry.one(mark("b"));
    String before = registry.hash();

    Rejection deleting = registry.rejection(acquireAll(leasesOn("a", "b")));
    assertThat(deleting.getRule()).isEqualTo(Rule.RULE_ASSET_NOT_AVAILABLE);
    assertThat(deleting.getField()).isEqualTo("asset_ids[1]");
    Rejection missing = registry.rejection(acquireAll(leasesOn("a", "c", "nobody")));
    assertThat(missing.getRule()).isEqualTo(Rule.RULE_ASSET_NOT_FOUND);
    assertThat(missing.getField()).isEqualTo("asset_ids[2]");
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void aMalformedAcquireOfSeveralIsRejectedByTheNameOfTheField() {
    registry.one(acquire("a", "taken", 0));
    String before = registry.hash();
    malformed("asset_ids", acquire -> acquire.clearAssetIds().clearLeaseIds());
    malformed("asset_ids", acquire -> acquire.setAssetIds(1, "a"));
    malformed("lease_ids", acquire -> acquire.addLeaseIds("one-too-many"));
    malformed("lease_ids", acquire -> acquire.setLeaseIds(1, "lease-on-a"));
    malformed("lease_ids", acquire -> acquire.setLeaseIds(1, ""));
    malformed("lease_ids", acquire -> acquire.setLeaseIds(1, "taken"));
    malformed("ttl_seconds", acquire -> acquire.setTtlSeconds(-1));
    malformed("ttl_seconds", acquire -> acquire.setTtlSeconds(Long.MAX_VALUE));
    malformed("ttl_seconds", acquire -> acquire.setTtlSeconds(1).setSessionId("s"));
    assertThat(registry.hash()).isEqualTo(before);
  }

  private void malformed(String field, UnaryOperator<AcquireLeases.Builder> change) {
    Rejection rejection = registry.rejection(acquireAll(change.apply(leasesOn("a", "b"))));
    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(rejection.getField()).isEqualTo(field);
  }

  @Test
  void aRenewedLeaseLivesForItsWholeTimeFromThen() {
    registry.one(acquire("a", "l", 10));
    registry.advanceClock(9_999);

    LeasesRenewed renewed = registry.one(renew(0, "l")).getLeasesRenewed();

    assertThat(renewed.getRenewedList()).containsExactly(lease("l"));
    assertThat(lease("l").getExpiresInMillis()).isEqualTo(10_000);
    registry.advanceClock(9_999);
    assertThat(leases("a", null, null)).containsExactly("l");
    registry.advanceClock(1);
    assertThat(leases("a", null, null)).isEmpty();
    Optional<Lease> expired = registry.database.read(view -> view.lease("l"));
    assertThat(expired).isEmpty();
  }

  @Test
  void atTheVeryMillisecondOfItsEndALeaseCannotBeRenewedAnyMore() {
    registry.one(acquire("a", "l", 10));
    registry.advanceClock(10_000);

    assertThat(registry.one(renew(60, "l", "never")).getLeasesRenewed())
        .isEqualTo(LeasesRenewed.newBuilder().addNotFoundIds("l").addNotFoundIds("never").build());
    assertThat(registry.database.read(RegistryView::expiredLeases)).isEqualTo(1);
  }

  @Test
  void aNewLifetimeIsKeptForRenewalsToCome() {
    registry.apply(acquire("a", "l", 10), renew(60, "l"));
    registry.advanceClock(50_000);
    registry.one(renew(0, "l"));

    assertThat(lease("l").getTtlSeconds()).isEqualTo(60);
    assertThat(lease("l").getExpiresInMillis()).isEqualTo(60_000);
  }

  @Test
  void aLeaseWithoutAnEndIsLeftWithoutOneUnlessALifetimeIsAskedFor() {
    registry.one(acquire("a", "l", 0));

    assertThat(registry.one(renew(0, "l")).getLeasesRenewed().getRenewedList())
        .containsExactly(lease("l"));
    assertThat(lease("l").getExpiresInMillis()).isZero();
    registry.one(renew(5, "l"));
    assertThat(lease("l").getExpiresInMillis()).isEqualTo(5_000);
  }

  @Test
  void aLifetimeThatCannotBeIsRejectedWhenRenewing() {
    registry.one(acquire("a", "l", 10));
    for (long ttl : new long[] {-1, Long.MAX_VALUE}) {
      assertThat(registry.rejection(renew(ttl, "l")).getField()).isEqualTo("ttl_seconds");
    }
  }

  @Test
  void aHolderGivesBackItsLeasesBatchByBatch() {
    registry.apply(
        acquire("a", "l1", 0), acquire("a", "l2", 0), acquire("b", "l3", 5), theirs("c", "l0"));

    assertThat(registry.one(releaseHolder("vm-1", 2)).getLeasesReleased())
        .isEqualTo(
            LeasesReleased.newBuilder().addLeaseIds("l1").addLeaseIds("l2").setMore(true).build());
    assertThat(registry.one(releaseHolder("vm-1", 2)).getLeasesReleased())
        .isEqualTo(LeasesReleased.newBuilder().addLeaseIds("l3").build());
    assertThat(registry.one(releaseHolder("vm-1", 2)).getLeasesReleased())
        .isEqualTo(LeasesReleased.getDefaultInstance());
    assertThat(references("a") + references("b")).isZero();
    assertThat(references("c")).isEqualTo(1);
  }

  private static Command theirs(String assetId, String leaseId) {
    Command.Builder acquire = acquire(assetId, leaseId, 0).toBuilder();
    acquire.getAcquireAssetBuilder().setAcquiredBy("vm-2");
    return acquire.build();
  }

  @Test
  void ofNamedLeasesThoseThatExistAreReleased() {
    registry.apply(acquire("a", "l1", 0), acquire("a", "l2", 0));

    assertThat(registry.one(releaseAll("l2", "never", "l2")).getLeasesReleased())
        .isEqualTo(LeasesReleased.newBuilder().addLeaseIds("l2").build());
    assertThat(references("a")).isEqualTo(1);
  }

  @Test
  void aReleaseNamesLeasesOrTheirHolder() {
    ReleaseLeases.Builder both =
        ReleaseLeases.newBuilder().addLeaseIds("l").setAcquiredBy("vm-1").setLimit(1);
    rejected("lease_ids", ReleaseLeases.newBuilder());
    rejected("lease_ids", both);
    rejected("limit", ReleaseLeases.newBuilder().setAcquiredBy("vm-1"));
    rejected("session_id", ReleaseLeases.newBuilder().addLeaseIds("l").setSessionId("s"));
  }

  private void rejected(String field, ReleaseLeases.Builder release) {
    Rejection rejection = registry.rejection(LeaseTestCommands.release(release));
    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(rejection.getField()).isEqualTo(field);
  }

  @Test
  void aLeaseIsReleasedAgainForAnHourHoweverItWasReleased() {
    registry.apply(acquire("a", "l1", 0), acquire("a", "l2", 0), acquire("a", "l3", 0));
    registry.apply(release("l1"), releaseAll("l2"), releaseHolder("vm-1", 5));
    registry.advanceClock(HOUR - 1);
    for (String id : List.of("l1", "l2", "l3")) {
      assertThat(registry.one(release(id)).getLeaseReleased().getAsset())
          .isEqualTo(registry.asset("a"));
    }
    registry.advanceClock(1);
    for (String id : List.of("l1", "l2", "l3")) {
      assertThat(registry.rejection(release(id)).getRule()).isEqualTo(Rule.RULE_LEASE_NOT_FOUND);
    }
  }

  @Test
  void aReleasedLeaseIsReleasedAgainThoughItsAssetIsGone() {
    registry.apply(acquire("a", "l", 0), release("l"), mark("a"), purge("a"));

    assertThat(registry.one(release("l")).hasLeaseReleased()).isTrue();
    assertThat(registry.one(release("l")).getLeaseReleased().hasAsset()).isFalse();
  }

  @Test
  void whatWasReleasedLongAgoIsForgotten() {
    registry.apply(acquire("a", "l", 0), release("l"));
    registry.advanceClock(HOUR);
    try (Sql sql = Connections.reader(registry.file)) {
      assertThat(sql.integer("SELECT count(*) FROM released_leases")).isZero();
    }
  }

  @Test
  void leasesAreFoundByAssetByHolderAndByWhenTheyEnd() {
    registry.apply(
        acquire("a", "l1", 10), acquire("b", "l2", 60), acquire("b", "l3", 0), theirs("b", "l4"));

    assertThat(leases("b", null, null)).containsExactly("l2", "l3", "l4");
    assertThat(leases("b", "vm-1", null)).containsExactly("l2", "l3");
    assertThat(leases(null, "vm-1", null)).containsExactly("l1", "l2", "l3");
    assertThat(leases(null, null, 60_000L)).containsExactly("l1", "l2");
    assertThat(leases(null, null, 59_999L)).containsExactly("l1");
    assertThat(leases(null, null, Long.MAX_VALUE)).containsExactly("l1", "l2");
    registry.advanceClock(10_000);
    assertThat(leases(null, null, null))
        .as("without the expired")
        .containsExactly("l2", "l3", "l4");
  }

  @Test
  void aListIsContinuedBehindAnId() {
    registry.apply(acquire("a", "l1", 0), acquire("a", "l2", 0), acquire("a", "l3", 0));
    var second = new LeaseQuery("a", null, null, null, "l1", 1);
    List<Lease> page = registry.database.read(view -> view.leases(second));
    assertThat(page).extracting(Lease::getId).containsExactly("l2");
  }
}
