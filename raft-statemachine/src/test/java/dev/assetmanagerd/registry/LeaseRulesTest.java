package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.expire;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.release;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LeaseGranted;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Taking, releasing and expiring leases. */
class LeaseRulesTest {
  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.one(register(asset("a").toBuilder().putLabels("k", "v").build()));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void acquiringAnswersTheAssetWithTheCountAfterwards() {
    registry.one(acquire("a", "l1", 0));
    registry.wall += 5;

    LeaseGranted granted = registry.one(acquire("a", "l2", 60)).getLeaseGranted();

    assertThat(granted.getLeaseId()).isEqualTo("l2");
    assertThat(granted.getAsset().getReferenceCount()).isEqualTo(2);
    assertThat(granted.getAsset().getLastAccessedAt()).isEqualTo(TestRegistry.START + 5);
    assertThat(granted.getAsset()).isEqualTo(registry.asset("a"));
  }

  @Test
  void acquiringNeverMovesTheLastUseBackwards() {
    registry.wall -= 50;

    LeaseGranted granted = registry.one(acquire("a", "l", 0)).getLeaseGranted();

    assertThat(granted.getAsset().getLastAccessedAt()).isEqualTo(TestRegistry.START);
    assertThat(granted.getAsset()).isEqualTo(registry.asset("a"));
  }

  @Test
  void onlyAnAvailableAssetCanBeAcquired() {
    assertThat(registry.rejection(acquire("nobody", "l", 0)).getRule())
        .isEqualTo(Rule.RULE_ASSET_NOT_FOUND);
    registry.one(mark("a"));

    Rejection rejection = registry.rejection(acquire("a", "l", 0));

    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_ASSET_NOT_AVAILABLE);
    assertThat(rejection.getField()).isEqualTo("asset_id");
    assertThat(registry.asset("a").getReferenceCount()).isZero();
  }

  @Test
  void aMalformedAcquireIsRejectedByTheNameOfTheField() {
    registry.one(acquire("a", "taken", 0));
    String before = registry.hash();

    for (Command malformed : List.of(acquire("a", "l", -1), acquire("a", "l", Long.MAX_VALUE))) {
      Rejection rejection = registry.rejection(malformed);
      assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
      assertThat(rejection.getField()).isEqualTo("ttl_seconds");
    }
    for (Command malformed : List.of(acquire("a", "", 0), acquire("a", "taken", 0))) {
      Rejection rejection = registry.rejection(malformed);
      assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
      assertThat(rejection.getField()).isEqualTo("lease_id");
    }
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void releasingEndsTheLeaseOnce() {
    registry.apply(acquire("a", "l1", 0), acquire("a", "l2", 0));

    assertThat(registry.one(release("l1")).getLeaseReleased().getAsset())
        .isEqualTo(registry.asset("a"));
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);

    assertThat(registry.one(release("l1")).getLeaseReleased().getAsset())
        .isEqualTo(registry.asset("a"));
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);
  }

  @Test
  void aLeaseExpiresByTheClusterClockAlone() {
    registry.one(acquire("a", "l", 10));
    registry.wall += 1_000_000;

    registry.advanceClock(9_999);
    assertThat(registry.one(expire(10)).getLeasesExpired().getCount()).isZero();

    registry.advanceClock(1);
    assertThat(registry.database.read(RegistryView::expiredLeases)).isEqualTo(1);
    assertThat(registry.one(expire(10)).getLeasesExpired().getCount()).isEqualTo(1);
    assertThat(registry.asset("a").getReferenceCount()).isZero();
    assertThat(registry.rejection(release("l")).getRule()).isEqualTo(Rule.RULE_LEASE_NOT_FOUND);
  }

  @Test
  void aLifetimeCountsFromTheClockOfItsOwnEntry() {
    registry.reading += 7_000;
    registry.one(acquire("a", "l", 1));

    registry.advanceClock(999);
    assertThat(registry.database.read(RegistryView::expiredLeases)).isZero();
    registry.advanceClock(1);
    assertThat(registry.database.read(RegistryView::expiredLeases)).isEqualTo(1);
    assertThat(registry.database.read(RegistryView::clusterTimeMillis)).isEqualTo(8_000);
  }

  @Test
  void aLeaseWithoutLifetimeNeverExpires() {
    registry.one(acquire("a", "l", 0));
    assertThat(registry.database.read(RegistryView::hasDeadlines)).isFalse();

    registry.advanceClock(Long.MAX_VALUE / 2);

    assertThat(registry.one(expire(10)).getLeasesExpired())
        .isEqualTo(LeasesExpired.getDefaultInstance());
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);
  }

  @Test
  void expiringTakesTheOldestFirstAndSaysWhetherMoreAreDue() {
    registry.apply(acquire("a", "late", 3), acquire("a", "early", 1), acquire("a", "mid", 2));
    assertThat(registry.database.read(RegistryView::hasDeadlines)).isTrue();
    registry.advanceClock(3_000);

    LeasesExpired first = registry.one(expire(2)).getLeasesExpired();

    assertThat(first.getCount()).isEqualTo(2);
    assertThat(first.getMore()).isTrue();
    assertThat(registry.one(release("late")).hasLeaseReleased()).isTrue();
    assertThat(registry.one(expire(2)).getLeasesExpired())
        .isEqualTo(LeasesExpired.getDefaultInstance());
  }

  @Test
  void exactlyAsManyAsTheLimitIsNotMore() {
    registry.apply(acquire("a", "l1", 1), acquire("a", "l2", 1));
    registry.advanceClock(1_000);

    assertThat(registry.one(expire(2)).getLeasesExpired())
        .isEqualTo(LeasesExpired.newBuilder().setCount(2).build());
  }

  @Test
  void expiringWithoutALimitIsRejected() {
    for (int limit : new int[] {0, -1}) {
      Rejection rejection = registry.rejection(expire(limit));
      assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
      assertThat(rejection.getField()).isEqualTo("limit");
    }
  }
}
