package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Node;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

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
  private static final Duration MOVES_MAX = Duration.ofSeconds(15);

  /** Less than the smallest step; dates are whole seconds, and up to one old. */
  private static final Duration EXACT = Duration.ofMillis(2_400);

  private static final long POLL_MILLIS = 100;

  private Clocks() {}

  static List<Nemesis> all() {
    return List.of(
        Nemesis.of(
            "clock-steps",
            "wall clocks of nodes step by seconds to years, each by its own",
            Need.CLOCKS,
            Clocks::step));
  }

  /** By the dates of its answers, which the node looks at its clock for once a second. */
  private static void note(Scene scene, Node node, Duration offset) throws InterruptedException {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < MOVES_MAX.toNanos()) {
      Optional<Instant> date = node.wallTime();
      Instant expected = Instant.now().plus(offset);
      if (date.isPresent() && Duration.between(date.get(), expected).abs().compareTo(EXACT) <= 0) {
        scene.effects().took("clock " + offset, 1);
        return;
      }
      var unused = new CountDownLatch(1).await(POLL_MILLIS, TimeUnit.MILLISECONDS);
    }
    scene.effects().missed("the clock of " + node + " did not move by " + offset);
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
              Node victim = scene.victim();
              Duration offset = scene.one(OFFSETS);
              scene.cluster().setWallClock(victim, offset);
              note(scene, victim, offset);
              scene.hold(Duration.ofMillis(300), Duration.ofSeconds(3));
            }
          });
    } finally {
      nodes.forEach(node -> scene.cluster().setWallClock(node, Duration.ZERO));
    }
  }
}
