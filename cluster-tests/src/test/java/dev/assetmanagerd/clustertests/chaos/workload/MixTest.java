package dev.assetmanagerd.clustertests.chaos.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class MixTest {
  private static final int DRAWS = 200_000;

  @Test
  void stepsAreDrawnAsOftenAsTheirWeightsSay() {
    Map<Step, Long> drawn = new EnumMap<>(Step.class);
    SplittableRandom random = new SplittableRandom(7);
    Mix mix = Mix.ofAll();
    for (int i = 0; i < DRAWS; i++) {
      drawn.merge(mix.draw(random), 1L, Long::sum);
    }
    double sum = Arrays.stream(Step.values()).mapToInt(Step::weight).sum();
    for (Step step : Step.values()) {
      assertThat(drawn.getOrDefault(step, 0L) / (double) DRAWS)
          .as(step.name())
          .isCloseTo(step.weight() / sum, within(0.004));
    }
  }

  @Test
  void oneSeedGivesOneSequence() {
    assertThat(draws(3)).isEqualTo(draws(3)).isNotEqualTo(draws(4));
  }

  private static List<Step> draws(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return Stream.generate(() -> Mix.ofAll().draw(random)).limit(100).toList();
  }

  @Test
  void whatIsLeftOutIsNeverDrawn() {
    SplittableRandom random = new SplittableRandom(5);
    Mix mix = Mix.ofAll().without(Step.PREPARE);
    assertThat(Stream.generate(() -> mix.draw(random)).limit(DRAWS)).doesNotContain(Step.PREPARE);
  }
}
