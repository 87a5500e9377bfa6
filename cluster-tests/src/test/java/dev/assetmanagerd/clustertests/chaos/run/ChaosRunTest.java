package dev.assetmanagerd.clustertests.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.planted.PlantedBug;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One planted bug is found, as a sample; {@code cluster-tests/chaos bugs} looks for all of them.
 */
@Tag("cluster")
@Timeout(300)
class ChaosRunTest {
  private static final long SEED = 5;

  @TempDir Path directory;

  @Test
  void aPlantedBugIsFoundAndEvidenceIsLeft() throws Exception {
    PlantedBug bug = PlantedBug.DELETE_WITHOUT_RECHECK;
    ChaosOptions options =
        new ChaosOptions(
            Scenario.named(bug.scenario()),
            3,
            Duration.ofSeconds(10),
            SEED,
            directory,
            Optional.of(bug));

    ChaosResult result = new ChaosRun(options, System::nanoTime).run();

    assertThat(result.isBroken()).isTrue();
    assertThat(bug.isSeenIn(result.broken())).as("%s", result.broken()).isTrue();
    assertThat(Files.readString(directory.resolve("summary.md")))
        .contains("cluster-tests/chaos transfer-storm --nodes 3 --seconds 10 --seed 5 --bug");
    assertThat(directory.resolve("timeline.svg")).isNotEmptyFile();
    assertThat(directory.resolve("evidence.txt")).isNotEmptyFile();
    assertThat(directory.resolve("history.jsonl")).isNotEmptyFile();
  }
}
