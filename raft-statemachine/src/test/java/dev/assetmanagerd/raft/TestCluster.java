package dev.assetmanagerd.raft;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.Deadline;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.ratis.util.CodeInjectionForTesting;
import org.jspecify.annotations.Nullable;

/**
 * Real nodes in one process, on loopback, whose links to each other are method calls. A node can be
 * cut off from its peers while its callers still reach it.
 */
final class TestCluster implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(40);

  private static final Duration ELECTION_MIN = Duration.ofMillis(600);
  private static final Duration ELECTION_MAX = Duration.ofMillis(1200);
  private static final List<String> RECEIVING =
      List.of(
          "RaftServerImpl.appendEntries",
          "RaftServerImpl.requestVote",
          "RaftServerImpl.installSnapshot",
          "RaftServerImpl.startLeaderElection");

  private final Path root;
  private final String clusterId;
  private final long snapshotThreshold;
  private final List<PeerSpec> peers;
  private final Map<String, PeerSpec> joined = new ConcurrentHashMap<>();
  private final Map<String, UnaryOperator<RaftNodeOptions>> first = new ConcurrentHashMap<>();
  private final Map<String, RaftNode> running = new ConcurrentHashMap<>();
  private final Map<String, RecordedLeadership> leadership = new ConcurrentHashMap<>();
  private final Set<String> isolated = ConcurrentHashMap.newKeySet();

  TestCluster(Path root, int size) throws IOException {
    this(root, size, 100_000);
  }

  TestCluster(Path root, int size, long snapshotThreshold) throws IOException {
    this.root = root;
    this.clusterId = "test";
    this.snapshotThreshold = snapshotThreshold;
    List<Integer> ports = freePorts(size);
    this.peers =
        IntStream.range(0, size)
            .mapToObj(i -> new PeerSpec("n" + (i + 1), "127.0.0.1:" + ports.get(i), "127.0.0.1:1"))
            .toList();
    RECEIVING.forEach(
        point ->
            CodeInjectionForTesting.put(
                point,
                (local, remote, args) -> {
                  if (remote != null
                      && (isolated.contains(local.toString())
                          || isolated.contains(remote.toString()))) {
                    throw new IllegalStateException(local + " is cut off from " + remote);
                  }
                  return false;
                }));
  }

  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return sockets.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
  }

  TestCluster startAll() throws IOException {
    for (String id : ids()) {
      start(id);
    }
    return this;
  }

  RaftNode start(String id) throws IOException {
    var recorded = leadership.computeIfAbsent(id, key -> new RecordedLeadership());
    RaftNode node = RaftNode.start(options(id), new Link(id), recorded);
    running.put(id, node);
    return node;
  }

  /** A node of a new id, which waits to be added. */
  RaftNode startNew(String id) throws IOException {
    return startNew(id, new Joining("", -1));
  }

  /** A node of a new id, which waits to be added to that cluster. */
  RaftNode startNew(String id, Joining cluster) throws IOException {
    if (!joined.containsKey(id)) {
      joined.put(id, new PeerSpec(id, "127.0.0.1:" + freePorts(1).get(0), "127.0.0.1:1"));
    }
    first.put(id, options -> options.joining(cluster));
    return start(id);
  }

  /** A node that founds a cluster, where its directory is empty. */
  RaftNode startFounding(String id, Founding founding) throws IOException {
    first.put(id, options -> options.founding(founding));
    return start(id);
  }

  /** Where a node that was started as a new one is. */
  PeerSpec joined(String id) {
    return Objects.requireNonNull(joined.get(id), id);
  }

  RaftNodeOptions options(String id) {
    PeerSpec alone = joined.get(id);
    return first
        .getOrDefault(id, options -> options)
        .apply(options(id, alone == null ? peers : List.of(alone)));
  }

  private RaftNodeOptions options(String id, List<PeerSpec> members) {
    return new RaftNodeOptions(
        id,
        clusterId,
        members,
        "127.0.0.1",
        directory(id),
        ELECTION_MIN,
        ELECTION_MAX,
        snapshotThreshold,
        "test");
  }

  Path directory(String id) {
    return root.resolve(id);
  }

  List<String> ids() {
    return peers.stream().map(PeerSpec::id).toList();
  }

  RaftNode node(String id) {
    RaftNode node = running.get(id);
    if (node == null) {
      throw new AssertionError(id + " does not run");
    }
    return node;
  }

  List<RaftNode> nodes() {
    return List.copyOf(running.values());
  }

  RecordedLeadership leadership(String id) {
    return leadership.computeIfAbsent(id, key -> new RecordedLeadership());
  }

  void stop(String id) {
    RaftNode node = running.remove(id);
    if (node != null) {
      node.close();
    }
  }

  /** Goes without a word, as far as a node in this process can. */
  void crash(String id) {
    isolated.add(id);
    RaftNode node = running.remove(id);
    if (node != null) {
      node.abandon();
    }
    isolated.remove(id);
  }

  /** Cuts Raft's messages from and to a node. Its links to the others are cut as well. */
  void isolate(String id) {
    isolated.add(id);
  }

  void heal() {
    isolated.clear();
  }

  /** The one that leads and is connected. */
  String awaitLeader() {
    return await("a leader among " + running.keySet())
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () ->
                running.entrySet().stream()
                    .filter(entry -> !isolated.contains(entry.getKey()))
                    .filter(entry -> entry.getValue().isLeader())
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(""),
            id -> !id.isEmpty());
  }

  String aFollower() {
    String leader = awaitLeader();
    return running.keySet().stream()
        .filter(id -> !id.equals(leader) && !isolated.contains(id))
        .findFirst()
        .orElseThrow();
  }

  Committed propose(String id, Command command) throws Exception {
    return node(id).propose(command, seconds(20)).get(25, TimeUnit.SECONDS);
  }

  boolean readsLinearizably(String id, String assetId) throws Exception {
    RaftNode node = node(id);
    node.awaitLinearizable(seconds(20)).get(25, TimeUnit.SECONDS);
    return node.query(view -> view.asset(assetId)).isPresent();
  }

  /** Waits until all running nodes have applied the same, and compares what they hold. */
  void awaitEqualHashes() {
    await("equal registries")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> nodes().stream().map(TestCluster::hash).distinct().count() == 1);
  }

  private static String hash(RaftNode node) {
    NodeStatus status = node.status(true);
    return status.getStateHashIndex() + " " + status.getStateHash();
  }

  static Deadline seconds(long seconds) {
    return Deadline.after(seconds, TimeUnit.SECONDS);
  }

  static Deadline millis(long millis) {
    return Deadline.after(millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    heal();
    CompletableFuture.allOf(
            nodes().stream()
                .map(
                    node ->
                        CompletableFuture.runAsync(node::abandon, task -> new Thread(task).start()))
                .toArray(CompletableFuture<?>[]::new))
        .join();
    running.clear();
    RECEIVING.forEach(CodeInjectionForTesting::remove);
  }

  private final class Link implements PeerLink {
    private final String from;

    Link(String from) {
      this.from = from;
    }

    @Override
    public CompletableFuture<ProposeResponse> propose(
        String nodeId, ProposeRequest request, Deadline deadline) {
      RaftNode node = reach(nodeId);
      return node == null ? unreachable(nodeId) : node.proposeAsLeader(request, deadline);
    }

    @Override
    public CompletableFuture<Long> readIndex(String nodeId, Deadline deadline) {
      RaftNode node = reach(nodeId);
      return node == null ? unreachable(nodeId) : node.readIndexAsLeader(deadline);
    }

    @Override
    public CompletableFuture<Boolean> isMember(
        String nodeId, ClusterName cluster, String memberId, Deadline deadline) {
      RaftNode node = reach(nodeId);
      if (node == null
          || !node.isLeader()
          || !cluster.equals(new ClusterName(clusterId, node.lineage()))) {
        return unreachable(nodeId);
      }
      return node.readIndexAsLeader(deadline)
          .thenApply(index -> node.membership().current().find(memberId).isPresent());
    }

    @Override
    public void others(List<PeerSpec> others) {
      // Reached by name.
    }

    private @Nullable RaftNode reach(String nodeId) {
      return isolated.contains(from) || isolated.contains(nodeId) ? null : running.get(nodeId);
    }

    private <T> CompletableFuture<T> unreachable(String nodeId) {
      return CompletableFuture.failedFuture(
          new ClusterUnavailableException(
              Reason.NO_LEADER, false, nodeId + " cannot be reached from " + from));
    }
  }
}
