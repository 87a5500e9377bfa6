package dev.assetmanagerd.clustertests;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.network.Host;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.process.FailPoint;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of real processes, in words that a test can be written in.
 *
 * <pre>{@code
 * Node leader = cluster.leader();
 * cluster.kill(leader);
 * cluster.awaitLeader();
 * cluster.start(leader);
 * cluster.awaitCaughtUp();
 * cluster.assertReplicasEqual();
 * }</pre>
 *
 * <p>Every wait is bounded and its failure says what was seen last. One test thread starts and ends
 * nodes; asking is thread-safe.
 */
public final class TestCluster implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofSeconds(90);
  private static final Duration ELECTION_MAX = Duration.ofSeconds(60);
  private static final Duration RUN_MAX = Duration.ofSeconds(90);
  private static final Duration STOP_MAX = Duration.ofSeconds(60);
  private static final Duration CATCH_UP_MAX = Duration.ofSeconds(90);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration HIT_POLL = Duration.ofMillis(10);
  private static final int LOG_TAIL_LINES = 40;

  private final ClusterOptions options;
  private final List<Node> nodes;
  private final NodeLaunch launch;
  private final HttpClient http;

  private TestCluster(
      ClusterOptions options, List<Node> founders, NodeLaunch launch, HttpClient http) {
    this.options = options;
    this.nodes = new CopyOnWriteArrayList<>(founders);
    this.launch = launch;
    this.http = http;
  }

  /** Starts all nodes and returns when they are ready. */
  public static TestCluster start(ClusterOptions options) {
    TestCluster cluster = prepare(options);
    try {
      cluster.nodes.forEach(cluster::start);
      cluster.awaitReady();
      cluster.awaitLeader();
      return cluster;
    } catch (RuntimeException | Error e) {
      String evidence = cluster.evidence();
      cluster.close();
      throw new IllegalStateException("the cluster did not start\n" + evidence, e);
    }
  }

  /** Chooses ports and directories and starts nothing. */
  public static TestCluster prepare(ClusterOptions options) {
    HttpClient http =
        options
            .encryption()
            .secure(HttpClient.newBuilder())
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    List<Node> nodes = new ArrayList<>();
    for (int i = 1; i <= options.nodes(); i++) {
      nodes.add(newNode("n" + i, options, http));
    }
    createDirectories(options.blobDirectory());
    createDirectories(options.jailerDirectory());
    return new TestCluster(options, nodes, new NodeLaunch(options, nodes), http);
  }

  private static Node newNode(String id, ClusterOptions options, HttpClient http) {
    Host host = options.network().newHost(id);
    Node node = new Node(id, host, options.directory().resolve(id), http, options.encryption());
    node.wallClock().set(Duration.ZERO);
    return node;
  }

  /** All nodes, running or not, in the order in which they came. */
  public List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /**
   * One more node, with ports and directories of its own, which is to join the cluster when it is
   * started.
   *
   * @param as what it asks to be: {@code voter}, {@code listener} or {@code none}
   */
  public Node addNode(String id, String as) {
    Node node = newNode(id, options, http);
    launch.joins(node, as);
    nodes.add(node);
    return node;
  }

  /** A node that is no member any more and does not run is none of the nodes, either. */
  public void forget(Node node) {
    if (node.isRunning()) {
      throw new IllegalStateException(node + " still runs");
    }
    nodes.remove(node);
    launch.forget(node);
    node.close();
  }

  /** The nodes whose process runs. */
  public List<Node> running() {
    return nodes.stream().filter(Node::isRunning).toList();
  }

  /** The nodes that run and are not paused. */
  public List<Node> responsive() {
    return nodes.stream().filter(Node::isResponsive).toList();
  }

  /** The blob directory that all nodes share. */
  public Path blobDirectory() {
    return options.blobDirectory();
  }

  /** The one directory below which assets may be prepared. */
  public Path jailerDirectory() {
    return options.jailerDirectory();
  }

  /** The leader that a majority of the running nodes agrees on; waits for one. */
  public Node leader() {
    return awaitLeader();
  }

  /** Some responsive node that does not lead; waits for a leader first. */
  public Node follower() {
    Node leader = awaitLeader();
    return responsive().stream()
        .filter(node -> !node.equals(leader))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no follower answers"));
  }

  /** Starts a node's process; see {@link #awaitReady} for when it is of use. */
  public void start(Node node) {
    createDirectories(node.dataDirectory());
    node.start(launch.serve(node), launch.environment(node));
  }

  /** SIGKILL: the node has no chance to do anything; returns when the process is gone. */
  public void kill(Node node) {
    node.requireProcess().kill();
  }

  /** SIGSTOP: the process stands still, as in a long pause of its host. */
  public void pause(Node node) {
    node.requireProcess().pause();
  }

  /** SIGCONT. */
  public void resume(Node node) {
    node.requireProcess().resume();
  }

  /** Orders what happens whenever a node reaches a step; needs {@code withFailPoints()}. */
  public void failAt(Node node, FailPoint point, FailAction action) {
    if (!options.failPoints()) {
      throw new IllegalStateException("start the cluster withFailPoints()");
    }
    node.failPoints().order(point, action);
  }

  /** Takes the order back; a node that paused there goes on. */
  public void clearFailPoint(Node node, FailPoint point) {
    node.failPoints().clear(point);
  }

  /** Waits until a node has reached a step since {@link #failAt}. */
  public void awaitHit(Node node, FailPoint point) {
    await(node + " reaches " + point.id())
        .atMost(STOP_MAX)
        .pollInterval(HIT_POLL)
        .until(() -> node.failPoints().isHit(point));
  }

  /** Waits until a node has reached a step at which it halts, and its process is gone. */
  public void awaitHalt(Node node, FailPoint point) {
    awaitHit(node, point);
    awaitStopped(node);
  }

  /**
   * Sets a node's wall clock, running or not, to the true time plus an offset; needs {@code
   * withWallClocks(...)}. Whole seconds, of any sign and size.
   */
  public void setWallClock(Node node, Duration offset) {
    if (options.fakeTime().isEmpty()) {
      throw new IllegalStateException("start the cluster withWallClocks(...)");
    }
    node.wallClock().set(offset);
  }

  /** SIGTERM, then waits until the node has ended by itself. */
  public void stop(Node node) {
    terminate(node);
    awaitStopped(node);
  }

  /** SIGTERM; returns at once. */
  public void terminate(Node node) {
    node.requireProcess().terminate();
  }

  /** Waits until a node that was told to stop has ended, and fails when it must be killed. */
  public void awaitStopped(Node node) {
    ChildProcess process = node.requireProcess();
    if (!process.await(STOP_MAX)) {
      throw new AssertionError(node + " did not stop within " + STOP_MAX + "\n" + evidence());
    }
  }

  /** Runs another command of the program with a node's environment, and waits for its end. */
  public Ran run(Node node, String... arguments) {
    return run(node, Map.of(), arguments);
  }

  /**
   * As {@link #run(Node, String...)}, with other settings.
   *
   * @param changed by the names of the options, which begin behind the prefix
   */
  public Ran run(Node node, Map<String, String> changed, String... arguments) {
    Map<String, String> environment = new TreeMap<>(launch.environment(node));
    changed.forEach((name, value) -> environment.put(NodeLaunch.PREFIX + name, value));
    Path log = options.directory().resolve("run-" + System.nanoTime() + ".log");
    List<String> command = launch.command(node, List.of(arguments));
    try (ChildProcess process = ChildProcess.start(node.id(), command, environment, log)) {
      if (!process.await(RUN_MAX)) {
        throw new AssertionError(List.of(arguments) + " did not end within " + RUN_MAX);
      }
      return new Ran(process.exitCode(), Files.readString(log));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The environment variables that a node, or a command on its host, is started with. */
  public Map<String, String> environment(Node node) {
    return launch.environment(node);
  }

  /** Removes everything a stopped node has on its own disk. The shared blobs stay. */
  public void wipe(Node node) {
    if (node.isRunning()) {
      throw new IllegalStateException("stop or kill " + node + " before wiping it");
    }
    deleteRecursively(node.dataDirectory());
  }

  /** Waits until every responsive node says it is ready. */
  public void awaitReady() {
    for (Node node : responsive()) {
      await(node + " is ready")
          .atMost(START_MAX)
          .pollInterval(POLL)
          .until(() -> requireAlive(node).isReady());
    }
  }

  /** Waits until a majority of all members names the same responsive node as its leader. */
  public Node awaitLeader() {
    return await("a majority agrees on a leader")
        .atMost(ELECTION_MAX)
        .pollInterval(POLL)
        .until(this::agreedLeader, Optional::isPresent)
        .orElseThrow();
  }

  /** Waits until every responsive node has applied what any of them had committed at the call. */
  public void awaitCaughtUp() {
    awaitLeader();
    long target = statuses(false).stream().mapToLong(NodeStatus::getCommitIndex).max().orElse(0);
    int expected = responsive().size();
    await("all responsive nodes have applied " + target)
        .atMost(CATCH_UP_MAX)
        .pollInterval(POLL)
        .until(
            () ->
                statuses(false).stream()
                        .filter(status -> status.getReady())
                        .filter(status -> status.getAppliedIndex() >= target)
                        .count()
                    == expected);
  }

  /** Fails unless all responsive nodes have the same content at the same log position. */
  public void assertReplicasEqual() {
    awaitCaughtUp();
    List<NodeStatus> same =
        await("all responsive nodes report their content at the same log position")
            .atMost(CATCH_UP_MAX)
            .pollInterval(POLL)
            .until(() -> statuses(true), this::atOnePosition);
    if (same.stream().map(NodeStatus::getStateHash).distinct().count() != 1) {
      throw new AssertionError("replicas differ at the same position: " + hashes(same));
    }
  }

  /** What the responsive nodes say of themselves, asked through any of them. */
  public List<NodeStatus> statuses(boolean withStateHash) {
    List<String> alive = responsive().stream().map(Node::id).toList();
    return responsive().stream()
        .map(node -> statusesFrom(node, withStateHash))
        .filter(statuses -> !statuses.isEmpty())
        .findFirst()
        .orElse(List.of())
        .stream()
        .filter(status -> alive.contains(status.getNodeId()))
        .toList();
  }

  private static List<NodeStatus> statusesFrom(Node node, boolean withStateHash) {
    try {
      return node.clusterStatus(withStateHash).getNodesList();
    } catch (StatusRuntimeException unreachable) {
      return List.of();
    }
  }

  /** For a person who asks why a test failed: who ran, and the end of every log. */
  public String evidence() {
    StringBuilder text = new StringBuilder("data and logs: " + options.directory() + "\n");
    for (Node node : nodes) {
      text.append("==== ").append(node).append(node.isRunning() ? " runs, " : " is down, ");
      text.append(node.logFile()).append('\n').append(node.logTail(LOG_TAIL_LINES)).append('\n');
    }
    return text.toString();
  }

  /** Kills every node. Files stay. */
  @Override
  public void close() {
    nodes.forEach(Node::close);
    options.network().close();
  }

  /** Deletes data and blobs of a closed cluster; the logs stay. */
  public void discardData() {
    for (Node node : nodes) {
      deleteRecursively(node.dataDirectory());
    }
    deleteRecursively(blobDirectory());
    deleteRecursively(jailerDirectory());
  }

  private Node requireAlive(Node node) {
    if (!node.isRunning()) {
      throw new AssertionError(
          node + " ended with " + node.requireProcess().exitCode() + "\n" + evidence());
    }
    return node;
  }

  private Optional<Node> agreedLeader() {
    Map<String, Integer> votes = new TreeMap<>();
    for (Node node : responsive()) {
      String leader = leaderAsSeenBy(node);
      if (leader != null) {
        votes.merge(leader, 1, Integer::sum);
      }
    }
    return responsive().stream()
        .filter(node -> votes.getOrDefault(node.apiAddress(), 0) > nodes.size() / 2)
        .findFirst();
  }

  private static @Nullable String leaderAsSeenBy(Node node) {
    try {
      return node.clusterStatus(false).getLeader();
    } catch (StatusRuntimeException unreachable) {
      return null;
    }
  }

  private boolean atOnePosition(List<NodeStatus> statuses) {
    return statuses.size() == responsive().size()
        && statuses.stream().noneMatch(status -> status.getStateHash().isEmpty())
        && statuses.stream().map(NodeStatus::getStateHashIndex).distinct().count() == 1;
  }

  private static String hashes(List<NodeStatus> statuses) {
    return statuses.stream()
        .map(s -> s.getNodeId() + "@" + s.getStateHashIndex() + "=" + s.getStateHash())
        .collect(Collectors.joining(", "));
  }

  private static void createDirectories(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void deleteRecursively(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> below = Files.walk(directory)) {
      for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
