package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.Node;
import java.time.Duration;
import java.util.List;

/** An operator who changes who the members are and who leads. */
final class Members {
  private static final int TRANSFERS = 10;
  private static final Duration UP_MAX = Duration.ofSeconds(60);

  private Members() {}

  static List<Nemesis> all() {
    return List.of(
        Nemesis.of(
            "transfer-storm", "leadership is handed over ten times in a row", Members::transfer),
        Nemesis.of(
            "change-members",
            "a new node joins and is promoted, then another one is removed",
            Members::growAndShrink));
  }

  private static void transfer(Scene scene) throws Exception {
    scene.harm(
        "transfers",
        List.of(),
        "",
        true,
        () -> {
          for (int i = 0; i < TRANSFERS && !scene.isOver(); i++) {
            var unused = scene.membership().transfer();
            scene.hold(Duration.ofMillis(50), Duration.ofMillis(1_000));
          }
        });
  }

  private static void growAndShrink(Scene scene) throws Exception {
    Node leaves = scene.victim();
    Node joins =
        scene.cluster().addNode("j" + Long.toString(scene.random().nextLong() >>> 40, 36), "none");
    scene.harm(
        "members change",
        List.of(joins, leaves),
        "joins, leaves",
        true,
        () -> {
          scene.cluster().start(joins);
          await(joins + " waits to be added").atMost(UP_MAX).until(joins::isAnswering);
          var unused = scene.membership().add(joins, true);
          unused = scene.membership().promote(joins);
          scene.hold(Duration.ofMillis(100), Duration.ofSeconds(2));
          boolean unusedToo = scene.membership().remove(leaves);
          scene.cluster().awaitStopped(leaves);
          scene.cluster().forget(leaves);
        });
  }
}
