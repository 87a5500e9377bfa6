package dev.assetmanagerd.clustertests.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.nemesis.Nemeses;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemesis;
import org.junit.jupiter.api.Test;

final class ScenarioTest {
  @Test
  void theMixHasEveryNemesisOrSaysWhyNot() {
    assertThat(Scenario.mix().nemeses())
        .extracting(Nemesis::id)
        .doesNotContainAnyElementsOf(Scenario.leftOutOfMix().keySet());
    assertThat(Scenario.mix().nemeses().size() + Scenario.leftOutOfMix().size())
        .isEqualTo(Nemeses.all().size());
    assertThat(Scenario.leftOutOfMix())
        .containsKeys("delay", "object-store", "builder", "disk-full-blobs")
        .allSatisfy((id, why) -> assertThat(why).as(id).isNotBlank());
  }
}
