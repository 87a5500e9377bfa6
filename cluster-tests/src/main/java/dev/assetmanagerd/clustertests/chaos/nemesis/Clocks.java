package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Node;
import java.time.Duration;
import java.util.List;

/** Wall clocks that jump. */
final class Clocks {
  private static final List<Duration> OFFSETS =
      List.of(
          Duration.ofSeconds(-3),
          Duration.ofMinutes(5),
          Duration.ofHours(1),
          Duration.ofHours(-1),
          Duration.ofDays(-1),
          Duration.ofDays(3650));
  private static final int STEPS = 5;

  private Clocks() {}

  static List<Nemesis> all() {
    return List.of(
        Nemesis.of(
            "clock-steps",
            "wall clocks of nodes step by seconds to years, each by its own",
            Need.CLOCKS,
            Clocks::step));
  }

  private static void step(Scene scene) throws Exception {
    List<Node> nodes = scene.cluster().nodes();
    try {
      scene.harm(
          "clock steps",
          nodes,
          "",
          true,
          () -> {
            for (int i = 0; i < STEPS && !scene.isOver(); i++) {
              scene.cluster().setWallClock(scene.victim(), scene.one(OFFSETS));
              scene.hold(Duration.ofMillis(300), Duration.ofSeconds(3));
            }
          });
    } finally {
      nodes.forEach(node -> scene.cluster().setWallClock(node, Duration.ZERO));
    }
  }
}
