package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Networks between nodes that part, lose packets or only work one way. */
final class Links {
  private static final Duration CUT_LEAST = Duration.ofSeconds(2);
  private static final Duration CUT_MOST = Duration.ofSeconds(12);
  private static final int FLAPS = 6;

  private Links() {}

  static List<Nemesis> all() {
    return List.of(
        nemesis(
            "partition-leader",
            "the leader on one side, all others on the other",
            scene -> part(scene, List.of(scene.cluster().leader()))),
        nemesis("partition-halves", "a random minority on one side", Links::partMinority),
        nemesis("partition-all", "every node by itself", Links::partAll),
        nemesis(
            "one-way-leader",
            "the leader sends and hears nothing, or hears and cannot send",
            Links::cutLeader),
        nemesis("one-way", "one node does not hear one other node", Links::cutOneWay),
        nemesis("bridge", "two sides that only one node between them reaches", Links::bridge),
        nemesis("flapping", "a node is cut off and back again, every second or so", Links::flap),
        nemesis("loss", "of what a node sends and gets, 10 to 60 % is lost", Links::lose),
        nemesis("swizzle", "links are cut one by one and all heal at once", Links::swizzle),
        Nemesis.of(
            "delay",
            "what members send to one node, or to all, arrives 0.1 to 2 s later",
            Need.SLOW_LINES,
            Links::delay));
  }

  private static Nemesis nemesis(String id, String does, Nemesis.Round round) {
    return Nemesis.of(
        id,
        does,
        Need.LINKS,
        scene -> {
          try {
            round.of(scene);
          } finally {
            scene.links().heal();
          }
        });
  }

  private static void delay(Scene scene) throws Exception {
    List<Node> nodes = scene.cluster().nodes();
    List<Node> victims = scene.random().nextBoolean() ? nodes : List.of(scene.victim());
    // Half of them below the election timeout, where everything still works but late.
    int most = scene.random().nextBoolean() ? 500 : 2_000;
    Duration delay = Duration.ofMillis(100 + scene.random().nextInt(most - 100));
    try {
      scene.harm(
          "delayed",
          victims,
          delay.toMillis() + " ms",
          () -> {
            victims.forEach(victim -> scene.slowLines().delay(victim.id(), delay));
            scene.hold(CUT_LEAST, CUT_MOST);
          });
    } finally {
      scene.slowLines().heal();
    }
  }

  private static List<String> ids(Collection<Node> nodes) {
    return nodes.stream().map(Node::id).toList();
  }

  private static List<Node> others(Scene scene, Collection<Node> without) {
    return scene.cluster().nodes().stream().filter(node -> !without.contains(node)).toList();
  }

  private static void part(Scene scene, List<Node> side) throws Exception {
    scene.harm(
        "parted",
        side,
        "from the others",
        () -> {
          scene.links().part(ids(side), ids(others(scene, side)));
          scene.hold(CUT_LEAST, CUT_MOST);
          scene.links().heal();
        });
  }

  private static void partMinority(Scene scene) throws Exception {
    List<Node> nodes = scene.shuffled();
    part(scene, nodes.subList(0, 1 + scene.random().nextInt(nodes.size() / 2)));
  }

  private static void partAll(Scene scene) throws Exception {
    List<Node> nodes = scene.cluster().nodes();
    scene.harm(
        "parted",
        nodes,
        "from each other",
        () -> {
          for (Node node : nodes) {
            scene.links().part(List.of(node.id()), ids(others(scene, List.of(node))));
          }
          scene.hold(CUT_LEAST, CUT_MOST);
          scene.links().heal();
        });
  }

  /** Whether there is a quorum while links are cut, each from its first node to its second. */
  private static boolean quorumWith(Scene scene, List<List<Node>> cuts) {
    Reach reach = new Reach(ids(scene.cluster().nodes()));
    cuts.forEach(cut -> reach.cut(cut.get(0).id(), cut.get(1).id()));
    return reach.hasQuorum();
  }

  private static void cutLeader(Scene scene) throws Exception {
    Node leader = scene.cluster().leader();
    boolean deaf = scene.random().nextBoolean();
    List<List<Node>> cuts =
        others(scene, List.of(leader)).stream()
            .map(other -> deaf ? List.of(other, leader) : List.of(leader, other))
            .toList();
    scene.harm(
        "one way",
        List.of(leader),
        deaf ? "deaf" : "mute",
        quorumWith(scene, cuts),
        () -> {
          cuts.forEach(cut -> scene.links().cut(cut.get(0).id(), cut.get(1).id()));
          scene.hold(CUT_LEAST, CUT_MOST);
          scene.links().heal();
        });
  }

  private static void cutOneWay(Scene scene) throws Exception {
    List<Node> nodes = scene.shuffled();
    List<Node> pair = nodes.subList(0, 2);
    scene.harm(
        "one way",
        pair,
        "from the first to the second",
        quorumWith(scene, List.of(pair)),
        () -> {
          scene.links().cut(pair.get(0).id(), pair.get(1).id());
          scene.hold(CUT_LEAST, CUT_MOST);
          scene.links().heal();
        });
  }

  private static void bridge(Scene scene) throws Exception {
    List<Node> nodes = scene.shuffled();
    Node between = nodes.remove(0);
    List<Node> side = nodes.subList(0, nodes.size() / 2);
    List<Node> other = nodes.subList(nodes.size() / 2, nodes.size());
    scene.harm(
        "bridge",
        List.of(between),
        "is all there is between",
        true,
        () -> {
          scene.links().part(ids(side), ids(other));
          scene.hold(CUT_LEAST, CUT_MOST);
          scene.links().heal();
        });
  }

  private static void flap(Scene scene) throws Exception {
    Node node = scene.victim();
    scene.harm(
        "flapping",
        List.of(node),
        "",
        () -> {
          for (int i = 0; i < FLAPS && !scene.isOver(); i++) {
            scene.links().part(List.of(node.id()), ids(others(scene, List.of(node))));
            scene.hold(Duration.ofMillis(300), Duration.ofMillis(3_000));
            scene.links().heal();
            scene.hold(Duration.ofMillis(200), Duration.ofMillis(1_500));
          }
        });
  }

  private static void lose(Scene scene) throws Exception {
    Node node = scene.victim();
    int percent = 10 + scene.random().nextInt(51);
    scene.harm(
        "loss",
        List.of(node),
        percent + " %",
        () -> {
          scene.links().lose(node.id(), percent);
          scene.hold(CUT_LEAST, CUT_MOST);
          scene.links().heal();
        });
  }

  private static void swizzle(Scene scene) throws Exception {
    List<List<Node>> pairs = new ArrayList<>();
    List<Node> nodes = scene.shuffled();
    for (Node from : nodes) {
      others(scene, List.of(from)).forEach(to -> pairs.add(List.of(from, to)));
    }
    java.util.Collections.rotate(pairs, scene.random().nextInt(pairs.size()));
    int apart = 1; // so many cuts leave no quorum
    while (quorumWith(scene, pairs.subList(0, apart))) {
      apart++;
    }
    List<List<Node>> first = pairs.subList(0, apart - 1);
    List<List<Node>> last = pairs.subList(apart - 1, pairs.size());
    scene.harm(
        "swizzle",
        nodes,
        "link by link",
        true,
        () -> {
          cutOneByOne(scene, first);
          scene.harm(
              "swizzled apart",
              nodes,
              "",
              false,
              () -> {
                cutOneByOne(scene, last);
                scene.links().heal();
              });
        });
  }

  private static void cutOneByOne(Scene scene, List<List<Node>> pairs) {
    for (List<Node> pair : pairs) {
      scene.links().cut(pair.get(0).id(), pair.get(1).id());
      scene.hold(Duration.ofMillis(100), Duration.ofMillis(1_500));
    }
  }
}
