package dev.assetmanagerd.clustertests.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class OwnedNamesTest {
  @Test
  void onlyNamesOfDeadProcessesAreStale() {
    String own = OwnedNames.next();
    assertThat(own).isNotEqualTo(OwnedNames.next()).hasSizeLessThan(15);
    assertThat(OwnedNames.isStale(own)).isFalse();
    assertThat(OwnedNames.isStale(own + "-sw")).isFalse();
    String dead = "amt_" + Long.toString(1L << 40, 36) + "_3"; // no process has such an id
    assertThat(OwnedNames.isStale(dead)).isTrue();
    assertThat(OwnedNames.isStale(dead + "-1")).isTrue();
    assertThat(OwnedNames.isStale(dead + ".img")).isTrue();
    assertThat(OwnedNames.isStale("docker0")).isFalse();
    assertThat(OwnedNames.isStale("amt_!_1")).isFalse();
    assertThat(OwnedNames.isStale("amt_")).isFalse();
  }
}
