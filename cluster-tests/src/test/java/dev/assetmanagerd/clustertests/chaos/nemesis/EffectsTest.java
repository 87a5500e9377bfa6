package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class EffectsTest {
  @Test
  void harmThatDidNotTakeEffectIsNamedWhateverElseDid() {
    Effects effects = new Effects();
    effects.took("fsync fails", 3);
    effects.took("fsync fails", 2);
    assertThat(effects.missed()).isEmpty();

    effects.missed("strace was not attached");
    assertThat(effects.missed()).containsExactly("strace was not attached");
    assertThat(effects.counts()).containsOnly(Map.entry("fsync fails", 5L));
  }
}
