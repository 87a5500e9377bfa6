package dev.assetmanagerd.clustertests.chaos.planted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemeses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlantedBugTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir Path classes;

  /** A change of the product that takes a mistake its place away has to plant it elsewhere. */
  @ParameterizedTest
  @EnumSource
  void canBePlantedInTheProductAsItIs(PlantedBug bug) throws IOException {
    PlantedClasses.compile(bug, ROOT, classes);

    try (Stream<Path> files = Files.walk(classes)) {
      assertThat(files.map(Path::toString)).anyMatch(file -> file.endsWith(".class"));
    }
    assertThat(Nemeses.named(bug.scenario()).id()).isEqualTo(bug.scenario());
  }

  /** That a run ended badly is not yet that the mistake was seen. */
  @ParameterizedTest
  @EnumSource
  void isSeenOnlyByTheChecksThatAreThereForIt(PlantedBug bug) {
    assertThat(bug.seenBy()).isNotEmpty();
    assertThat(bug.seenBy()).allMatch(check -> bug.isSeenIn(List.of("recovers", check)));
    assertThat(bug.isSeenIn(List.of("the run itself", CheckNames.HARM, CheckNames.ENOUGH)))
        .isFalse();
  }

  @Test
  void isNotPlantedWhereItsPlaceIsGone() {
    assertThatThrownBy(() -> PlantedBug.BLOBS_NOT_SYNCED.edits().get(0).plantedIn("class Other {}"))
        .hasMessageContaining("not exactly once");
  }
}
