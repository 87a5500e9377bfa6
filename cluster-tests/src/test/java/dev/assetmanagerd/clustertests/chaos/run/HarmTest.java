package dev.assetmanagerd.clustertests.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.check.EnoughCheck;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How long harm is done, and what a run is called in the end. */
final class HarmTest {
  @Test
  void harmGoesOnUntilEnoughHasHappenedThreeTimesAsLongAtMost() {
    assertThat(Harm.isOver(99, 100, 9)).as("the time is not up").isFalse();
    assertThat(Harm.isOver(100, 100, EnoughCheck.FAULTS_LEAST)).isTrue();
    assertThat(Harm.isOver(100, 100, EnoughCheck.FAULTS_LEAST - 1)).isFalse();
    assertThat(Harm.isOver(299, 100, 0)).isFalse();
    assertThat(Harm.isOver(300, 100, 0)).isTrue();
  }

  private static ChaosResult result(Verdict... verdicts) {
    ChaosOptions options =
        new ChaosOptions(
            Scenario.named("pause"),
            3,
            Duration.ofSeconds(1),
            1,
            Path.of("none"),
            Optional.empty());
    return new ChaosResult(options, History.of(List.of()), List.of(verdicts));
  }

  @Test
  void whatCouldNotBeDecidedIsNeitherGoodNorBroken() {
    Verdict kept = Verdict.of("kept", List.of(), Map.of());
    Verdict broken = Verdict.of("broken", List.of(new Finding("!", List.of())), Map.of());
    Verdict undecided = new Verdict("undecided", Result.UNDECIDED, List.of(), Map.of());

    assertThat(result(kept).word()).isEqualTo("GOOD");
    assertThat(result(kept, undecided).word()).isEqualTo("UNDECIDED");
    assertThat(result(kept, undecided).isGood()).isFalse();
    assertThat(result(undecided, broken, kept).word()).isEqualTo("BROKEN");
    assertThat(result(undecided, broken, kept).notKept()).containsExactly("undecided", "broken");
    assertThat(result(undecided, broken, kept).broken()).containsExactly("broken");
  }
}
