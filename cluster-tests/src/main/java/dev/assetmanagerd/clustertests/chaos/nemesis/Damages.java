package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.NodeFiles;
import dev.assetmanagerd.clustertests.Ran;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Files of a node that are damaged or lost while it is down. */
final class Damages {
  private static final Duration FILES_MAX = Duration.ofSeconds(60);
  private static final Duration BACK_MAX = Duration.ofSeconds(90);

  private Damages() {}

  private interface Damage {
    void to(NodeFiles files) throws Exception;
  }

  static List<Nemesis> all() {
    return List.of(
        damage(
            "torn-segment",
            "the last segment of a node's log loses its end",
            f -> f.cutInHalf(f.openSegment())),
        damage(
            "flipped-bit",
            "a bit of a closed segment of a node's log flips",
            f -> f.flipABit(f.closedSegment())),
        damage("spoilt-page", "pages of a node's registry are spoilt", NodeFiles::spoilPages),
        damage(
            "spoilt-snapshot",
            "a bit of a node's snapshot flips",
            files -> files.flipABit(files.snapshot())),
        Nemesis.of(
            "lost-snapshot",
            "a node's registry and snapshot are lost; it replays its log, or is rebuilt where that"
                + " does not begin at the beginning",
            Need.SNAPSHOTS,
            Damages::loseSnapshot),
        damage("wiped", "a node loses its whole disk", NodeFiles::deleteAll),
        Nemesis.of(
            "interrupted-install",
            "a node that lags is killed again and again while it is sent a snapshot",
            Need.SNAPSHOTS,
            Installs::interrupt));
  }

  private static Nemesis damage(String id, String does, Damage damage) {
    return Nemesis.of(
        id,
        does + "; it refuses to start and is rebuilt",
        Need.SNAPSHOTS,
        s -> spoil(s, id, damage));
  }

  private static void spoil(Scene scene, String what, Damage damage) throws Exception {
    Node victim = scene.follower();
    await(victim + " has a log in segments and a snapshot")
        .atMost(FILES_MAX)
        .until(() -> hasFiles(victim));
    scene.harm(
        "damaged",
        List.of(victim),
        what,
        () -> {
          scene.cluster().kill(victim);
          damage.to(new NodeFiles(victim));
          scene.cluster().start(victim);
          scene.cluster().awaitStopped(victim);
          rebuild(scene, victim);
          awaitVoter(scene, victim);
        });
  }

  private static void rebuild(Scene scene, Node victim) throws Exception {
    Ran rebuild = scene.cluster().run(victim, "node", "rebuild");
    if (rebuild.exitCode() != 0) {
      throw new AssertionError(victim + " was not rebuilt: " + rebuild.output());
    }
    scene.cluster().start(victim);
  }

  private static void loseSnapshot(Scene scene) throws Exception {
    Node victim = scene.follower();
    NodeFiles files = new NodeFiles(victim);
    await(victim + " has a log in segments and a snapshot")
        .atMost(FILES_MAX)
        .until(() -> hasFiles(victim));
    scene.harm(
        "damaged",
        List.of(victim),
        "lost-snapshot",
        () -> {
          scene.cluster().kill(victim);
          files.delete(files.databaseDirectory());
          Files.delete(files.snapshot());
          scene.cluster().start(victim);
          await(victim + " is back, or has refused")
              .atMost(BACK_MAX)
              .until(() -> victim.isReady() || !victim.isRunning());
          if (!victim.isRunning()) {
            rebuild(scene, victim);
          }
          awaitVoter(scene, victim);
        });
  }

  static void awaitVoter(Scene scene, Node node) throws Exception {
    await(node + " votes again")
        .atMost(BACK_MAX)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> node.isReady() && scene.membership().roles().contains(node.id() + " voter"));
  }

  private static boolean hasFiles(Node node) {
    NodeFiles files = new NodeFiles(node);
    try {
      return Stream.of(files.closedSegment(), files.openSegment(), files.snapshot())
          .allMatch(Files::isRegularFile);
    } catch (IOException | UncheckedIOException | IllegalStateException notYet) {
      return false;
    }
  }
}
