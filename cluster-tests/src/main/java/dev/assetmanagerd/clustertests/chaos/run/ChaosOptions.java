package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.chaos.planted.PlantedBug;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * One run.
 *
 * @param nodes that the cluster begins with
 * @param length for how long harm is done
 * @param seed of all choices
 * @param directory where it leaves its files
 * @param bug a mistake that the product is given
 */
record ChaosOptions(
    Scenario scenario,
    int nodes,
    Duration length,
    long seed,
    Path directory,
    Optional<PlantedBug> bug) {
  /** The project's. */
  Path root() {
    return Path.of(System.getProperty("chaos.root", "..")).toAbsolutePath().normalize();
  }

  /** What to type to have it again. */
  String command() {
    return "cluster-tests/chaos %s --nodes %d --seconds %d --seed %d"
            .formatted(scenario.id(), nodes, length.toSeconds(), seed)
        + bug.map(planted -> " --bug " + planted.id()).orElse("");
  }
}
