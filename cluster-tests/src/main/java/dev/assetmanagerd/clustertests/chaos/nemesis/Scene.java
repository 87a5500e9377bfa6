package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.Membership;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.network.Namespaces;
import dev.assetmanagerd.clustertests.network.SlowLoopback;
import dev.assetmanagerd.s3server.FaultProxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Where harm is done, and to whom. Belongs to the one thread that does it.
 *
 * <p>All choices come from one seed. What the cluster does meanwhile is not repeated by it, nor
 * which node leads.
 */
public final class Scene {
  /** The time that processes get for coming up, on a machine with much else to do. */
  static final Duration BOOT_GRACE = Duration.ofSeconds(20);

  private static final long BOOT_POLL_MILLIS = 50;

  private final TestCluster cluster;
  private final Stage stage;
  private final SplittableRandom random;
  private final HistoryWriter history;
  private final CountDownLatch over;
  private final Effects effects = new Effects();

  /**
   * What a run has beside its nodes; each is there where a nemesis needs it.
   *
   * @param smallDisk mount point of a small file system that the blobs are on
   * @param power the file system that everything is on
   */
  public record Stage(
      Optional<Namespaces> links,
      Optional<SlowLoopback> slowLines,
      Optional<FaultProxy> storeLine,
      Optional<BuilderdStandIn> builder,
      Optional<Path> smallDisk,
      Optional<PowerDisk> power) {}

  /**
   * A scene before anything happens.
   *
   * @param over counted down when the time is up: then whatever holds on lets go
   */
  public Scene(
      TestCluster cluster, Stage stage, long seed, HistoryWriter history, CountDownLatch over) {
    this.cluster = cluster;
    this.stage = stage;
    this.random = new SplittableRandom(seed);
    this.history = history;
    this.over = over;
  }

  TestCluster cluster() {
    return cluster;
  }

  Membership membership() {
    return new Membership(cluster);
  }

  SplittableRandom random() {
    return random;
  }

  Namespaces links() {
    return stage.links().orElseThrow();
  }

  SlowLoopback slowLines() {
    return stage.slowLines().orElseThrow();
  }

  FaultProxy storeLine() {
    return stage.storeLine().orElseThrow();
  }

  BuilderdStandIn builder() {
    return stage.builder().orElseThrow();
  }

  Path smallDisk() {
    return stage.smallDisk().orElseThrow();
  }

  PowerDisk power() {
    return stage.power().orElseThrow();
  }

  /** Whether harm was really done. */
  public Effects effects() {
    return effects;
  }

  /**
   * Until a majority of the processes is up and answers, ready or not; from then on it is theirs to
   * recover, and harm that left no quorum is over. At most {@link #BOOT_GRACE} after they were
   * started: one that does not come up must not hide behind the harm.
   */
  void awaitMajorityUp() {
    long begin = System.nanoTime();
    List<Node> nodes = cluster.nodes();
    while (nodes.stream().filter(Node::isAnswering).count() <= nodes.size() / 2
        && System.nanoTime() - begin < BOOT_GRACE.toNanos()) {
      await(BOOT_POLL_MILLIS, new CountDownLatch(1));
    }
  }

  /** Whether the time is up. */
  boolean isOver() {
    return over.getCount() == 0;
  }

  /** Lets what was done have its effect; ends early when the time is up. */
  void hold(Duration least, Duration most) {
    await(random.nextLong(least.toMillis(), most.toMillis() + 1), over);
  }

  /** The same, and not shortened: for what is to last as long as it says. */
  void holdInAnyCase(Duration least, Duration most) {
    await(random.nextLong(least.toMillis(), most.toMillis() + 1), new CountDownLatch(1));
  }

  private static void await(long millis, CountDownLatch until) {
    try {
      var unused = until.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The leader in every other case, else any node. */
  Node victim() {
    return random.nextBoolean() ? cluster.leader() : any();
  }

  /** Any node. */
  Node any() {
    return one(cluster.nodes());
  }

  /** A node that does not lead. */
  Node follower() {
    Node leader = cluster.leader();
    return one(cluster.nodes().stream().filter(node -> !node.equals(leader)).toList());
  }

  /** One of several. */
  <T> T one(List<T> several) {
    return several.get(random.nextInt(several.size()));
  }

  /** All nodes, in any order. */
  List<Node> shuffled() {
    List<Node> nodes = new ArrayList<>(cluster.nodes());
    for (int i = nodes.size() - 1; i > 0; i--) {
      java.util.Collections.swap(nodes, i, random.nextInt(i + 1));
    }
    return nodes;
  }

  /** Whether a majority is left without these. */
  boolean quorumWithout(Collection<Node> gone) {
    return cluster.nodes().size() - gone.size() > cluster.nodes().size() / 2;
  }

  /** Harm to nodes that are out of order while it lasts. */
  void harm(String fault, List<Node> nodes, String detail, Deed deed) throws Exception {
    harm(fault, nodes, detail, quorumWithout(nodes), deed);
  }

  /**
   * Harm that is written down from before it is done until it is undone, whatever happens.
   *
   * @param quorum whether a majority of the nodes still runs and can talk to each other
   * @param deed does it and undoes it
   */
  void harm(String fault, List<Node> nodes, String detail, boolean quorum, Deed deed)
      throws Exception {
    List<String> ids = nodes.stream().map(Node::id).toList();
    System.out.println("harm: " + fault + " " + ids + " " + detail);
    history.faultBegins(fault, ids, detail, quorum);
    try {
      deed.run();
    } finally {
      history.faultEnds(fault, ids, detail, true);
    }
  }

  /** What is done to a cluster. */
  interface Deed {
    void run() throws Exception;
  }
}
