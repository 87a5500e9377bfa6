package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.FoundingRule.RefusedException;
import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.GetFoundationRequest;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.raft.Founding;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Deadline;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How founders of a cluster find each other, before any of them takes part: each tells whoever asks
 * the name of its empty directory, and asks the others for theirs. See {@link Founding} for what
 * the names are for. Thread-safe.
 */
public final class ClusterFounding {
  private static final Logger log = LoggerFactory.getLogger(ClusterFounding.class);

  private static final Duration ASK_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration PAUSE = Duration.ofMillis(250);
  private static final Duration SAY_INTERVAL = Duration.ofSeconds(10);

  private final String clusterId;
  private final String nodeId;
  private final List<PeerSpec> founders;
  private final Foundation answer;
  private final FoundingRule rule;
  private final ChannelSecurity security;

  private ClusterFounding(
      Foundation answer, List<PeerSpec> founders, FoundingRule rule, ChannelSecurity security) {
    this.security = security;
    this.clusterId = answer.getClusterId();
    this.nodeId = answer.getNodeId();
    this.answer = answer;
    this.founders = List.copyOf(founders);
    this.rule = rule;
  }

  /**
   * Of a node with an empty directory.
   *
   * @param incarnation of the directory
   * @param founders all of them, this node included
   * @param security of the connections to them
   */
  public static ClusterFounding fresh(
      String clusterId,
      String nodeId,
      String incarnation,
      List<PeerSpec> founders,
      ChannelSecurity security) {
    Set<String> ids = ids(founders);
    return new ClusterFounding(
        waiting(clusterId, nodeId, founders).setIncarnation(incarnation).build(),
        founders,
        new FreshRule(clusterId, nodeId, incarnation, ids),
        security);
  }

  /**
   * Of a node whose directory was restored from a backup and not started with yet.
   *
   * @param lineage that the backup gives
   * @param founders all of them, this node included
   * @param security of the connections to them
   */
  public static ClusterFounding restored(
      String clusterId,
      String nodeId,
      String lineage,
      List<PeerSpec> founders,
      ChannelSecurity security) {
    return new ClusterFounding(
        waiting(clusterId, nodeId, founders).setLineage(lineage).build(),
        founders,
        new RestoredRule(clusterId, nodeId, lineage, ids(founders)),
        security);
  }

  private static Foundation.Builder waiting(
      String clusterId, String nodeId, List<PeerSpec> founders) {
    return Foundation.newBuilder()
        .setClusterId(clusterId)
        .setNodeId(nodeId)
        .setState(Foundation.State.STATE_WAITING)
        .addAllFounderIds(ids(founders));
  }

  private static Set<String> ids(List<PeerSpec> founders) {
    return founders.stream().map(PeerSpec::id).collect(Collectors.toSet());
  }

  /** The service that answers the other founders until the node itself does. */
  public NodeServiceGrpc.NodeServiceImplBase service() {
    return new NodeServiceGrpc.NodeServiceImplBase() {
      @Override
      public void getFoundation(GetFoundationRequest request, StreamObserver<Foundation> observer) {
        Replies.send(CompletableFuture.completedFuture(answer), observer);
      }
    };
  }

  /**
   * Asks the others until it is known what this node founds.
   *
   * @param stop completes when the wait is of no use any more
   * @throws IOException when this node must not found a cluster, when not all have answered before
   *     the limit, or when told to stop
   */
  public Founding await(Duration limit, CompletableFuture<?> stop) throws IOException {
    Deadline deadline = Deadline.after(limit.toMillis(), TimeUnit.MILLISECONDS);
    long said = System.nanoTime() - SAY_INTERVAL.toNanos() + ASK_TIMEOUT.toNanos();
    while (true) {
      Map<String, String> silent = new ConcurrentHashMap<>();
      Optional<Founding> founding = judge(ask(silent));
      if (founding.isPresent()) {
        log.info("founds cluster {} as {}", clusterId, founding.get());
        return founding.get();
      }
      if (deadline.isExpired()) {
        throw new IOException(
            "not all founders of cluster %s have been heard within %d s: %s. A cluster is founded by all that CLUSTER_PEERS names; leave out who cannot come, and add it later"
                .formatted(clusterId, limit.toSeconds(), silent(silent)));
      }
      if (System.nanoTime() - said >= SAY_INTERVAL.toNanos()) {
        said = System.nanoTime();
        log.info("waits for the other founders of cluster {}: {}", clusterId, silent(silent));
      }
      pause(stop);
    }
  }

  private Optional<Founding> judge(Map<String, Foundation> answers) throws IOException {
    try {
      return rule.judge(answers);
    } catch (RefusedException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private Map<String, Foundation> ask(Map<String, String> silent) {
    Deadline deadline = Deadline.after(ASK_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    Map<String, Foundation> answers = new ConcurrentHashMap<>();
    CompletableFuture.allOf(
            founders.stream()
                .filter(founder -> !founder.id().equals(nodeId))
                .map(
                    founder ->
                        NodeLinks.callAt(
                                security,
                                founder.apiAddress(),
                                NodeServiceGrpc.getGetFoundationMethod(),
                                GetFoundationRequest.getDefaultInstance(),
                                deadline)
                            .handle(
                                (theirs, failure) ->
                                    failure == null
                                        ? answers.put(founder.id(), theirs)
                                        : silent.put(
                                            "%s (%s)".formatted(founder.id(), founder.apiAddress()),
                                            NodeErrors.message(failure))))
                .toArray(CompletableFuture[]::new))
        .join(); // none takes longer than the deadline
    return answers;
  }

  private static String silent(Map<String, String> silent) {
    return new TreeMap<>(silent)
        .entrySet().stream()
            .map(one -> "%s does not answer: %s".formatted(one.getKey(), one.getValue()))
            .collect(Collectors.joining("; "));
  }

  private static void pause(CompletableFuture<?> stop) throws IOException {
    try {
      var unused = stop.get(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
      throw new IOException("told to stop while waiting for the other founders");
    } catch (TimeoutException e) {
      // the usual
    } catch (ExecutionException e) {
      throw new IOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while starting", e);
    }
  }
}
