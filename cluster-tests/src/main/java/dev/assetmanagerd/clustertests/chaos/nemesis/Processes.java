package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Node;
import java.time.Duration;
import java.util.List;

/** Processes that die, stand still, or are stopped by an operator. */
final class Processes {
  private static final Duration DOWN_LEAST = Duration.ofMillis(200);
  private static final Duration DOWN_MOST = Duration.ofSeconds(6);

  private Processes() {}

  static List<Nemesis> all() {
    return List.of(
        Nemesis.of(
            "kill-one",
            "SIGKILL of one node, every other time of the leader",
            scene -> kill(scene, List.of(scene.victim()))),
        Nemesis.of(
            "kill-majority",
            "SIGKILL of a majority at once",
            scene -> {
              List<Node> nodes = scene.shuffled();
              kill(scene, nodes.subList(0, nodes.size() / 2 + 1));
            }),
        Nemesis.of("kill-all", "SIGKILL of all nodes at once", s -> kill(s, s.shuffled())),
        Nemesis.of(
            "pause",
            "SIGSTOP of one node, mostly the leader, for 1 to 30 s, then SIGCONT",
            Processes::pause),
        Nemesis.of(
            "pause-all", "SIGSTOP of all nodes, as when a machine sleeps", Processes::pauseAll),
        Nemesis.of(
            "rolling-restart",
            "each node in turn is stopped as an operator would, and started again",
            Processes::restartAll));
  }

  private static void kill(Scene scene, List<Node> victims) throws Exception {
    scene.harm(
        "killed",
        victims,
        "",
        () -> {
          victims.forEach(scene.cluster()::kill);
          scene.hold(DOWN_LEAST, DOWN_MOST);
          victims.forEach(scene.cluster()::start);
          scene.awaitMajorityUp();
        });
    scene.cluster().awaitReady();
  }

  private static void pause(Scene scene) throws Exception {
    Node victim = scene.random().nextInt(3) > 0 ? scene.cluster().leader() : scene.any();
    // Mostly around the election timeout, where it matters when the node wakes.
    Duration most = Duration.ofSeconds(scene.random().nextInt(4) == 0 ? 30 : 6);
    scene.harm(
        "paused",
        List.of(victim),
        "",
        () -> {
          scene.cluster().pause(victim);
          try {
            scene.hold(Duration.ofSeconds(1), most);
          } finally {
            scene.cluster().resume(victim);
          }
        });
  }

  private static void pauseAll(Scene scene) throws Exception {
    List<Node> nodes = scene.cluster().nodes();
    scene.harm(
        "paused",
        nodes,
        "all",
        () -> {
          nodes.forEach(scene.cluster()::pause);
          try {
            scene.hold(Duration.ofSeconds(1), Duration.ofSeconds(10));
          } finally {
            nodes.forEach(scene.cluster()::resume);
          }
        });
  }

  private static void restartAll(Scene scene) throws Exception {
    for (Node node : scene.shuffled()) {
      scene.harm(
          "restarted",
          List.of(node),
          "",
          () -> {
            scene.cluster().stop(node);
            scene.cluster().start(node);
            scene.cluster().awaitReady();
          });
      if (scene.isOver()) {
        return;
      }
      scene.hold(Duration.ofMillis(100), Duration.ofSeconds(1));
    }
  }
}
