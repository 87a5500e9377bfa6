package dev.assetmanagerd.asset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.asset.LeaseLimits.SessionTimes;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LeaseLimitsTest {
  private static LeaseLimits limits(long defaultSeconds, long maxSeconds) {
    return new LeaseLimits(
        Duration.ofSeconds(defaultSeconds),
        Duration.ofSeconds(maxSeconds),
        Duration.ofMillis(1500),
        Duration.ofSeconds(60));
  }

  @Test
  void aLeaseNeverExpiresUnlessItsCallerOrTheOperatorSaysSo() {
    assertThat(LeaseLimits.defaults().ttlSeconds("ttl", 0)).isZero();
    assertThat(LeaseLimits.defaults().ttlSeconds("ttl", 7)).isEqualTo(7);
    assertThat(limits(90, 0).ttlSeconds("ttl", 0)).isEqualTo(90);
    assertThat(limits(90, 0).ttlSeconds("ttl", 7)).isEqualTo(7);
    assertThat(limits(90, 0).ttlSeconds("ttl", 91)).isEqualTo(91);
  }

  @Test
  void moreThanTheMaximumAndForEverAreRefusedByFieldAndValueAndRule() {
    assertThat(limits(90, 100).ttlSeconds("ttl", 100)).isEqualTo(100);
    assertThat(limits(90, 100).ttlSeconds("ttl", 0)).isEqualTo(90);
    assertThatThrownBy(() -> limits(90, 100).ttlSeconds("ttl", 101))
        .hasMessageContaining("INVALID_ARGUMENT")
        .hasMessageContaining("ttl: is 101; must be at most 100")
        .hasMessageContaining("LEASE_MAX_TTL");
    assertThatThrownBy(() -> limits(0, 100).ttlSeconds("ttl", 0))
        .hasMessageContaining("ttl: is 0, which would never expire; must be from 1 to 100");
    assertThat(limits(0, 100).renewalSeconds("ttl", 0)).as("of each its own").isZero();
    assertThatThrownBy(() -> limits(0, 100).renewalSeconds("ttl", 101))
        .hasMessageContaining("at most 100");
    assertThatThrownBy(() -> limits(0, 0).renewalSeconds("ttl", -1))
        .hasMessageContaining("ttl: is -1");
  }

  @Test
  void aSessionLivesAsItsHostSaysOrAsConfigured() {
    assertThat(limits(0, 0).session(0, Optional.empty()))
        .isEqualTo(new SessionTimes(1_500, 60_000));
    assertThat(limits(0, 0).session(5, Optional.of(0L))).isEqualTo(new SessionTimes(5_000, 0));
    assertThat(limits(0, 70).session(10, Optional.empty()))
        .isEqualTo(new SessionTimes(10_000, 60_000));
    assertThatThrownBy(() -> limits(0, 70).session(11, Optional.empty()))
        .hasMessageContaining("ttl_seconds: is 11 and grace_seconds 60")
        .hasMessageContaining("at most 70");
    assertThatThrownBy(() -> limits(0, 0).session(1, Optional.of(-1L)))
        .hasMessageContaining("grace_seconds: is -1");
  }
}
