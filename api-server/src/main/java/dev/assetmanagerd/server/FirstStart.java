package dev.assetmanagerd.server;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.server.ServerBuilder;
import dev.assetmanagerd.cluster.ClusterFounding;
import dev.assetmanagerd.cluster.ClusterJoin;
import dev.assetmanagerd.config.HostPort;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.connect.RpcServer;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.Founding;
import dev.assetmanagerd.raft.Incarnation;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.raft.RaftNodeOptions;
import dev.assetmanagerd.registry.FormatLevels;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * How a node that has no data yet comes to a cluster: it finds out which it joins, or with whom it
 * founds one. A founder answers the others on its API's port meanwhile, until {@link #close}, after
 * which the API takes that over. Nothing of this concerns a node that has data. Not thread-safe.
 */
final class FirstStart implements AutoCloseable {
  /** Members that are just being started answer within that. */
  private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(60);

  /** All hosts of a new cluster are set up within that; else a restart goes on waiting. */
  private static final Duration FOUND_TIMEOUT = Duration.ofMinutes(10);

  private final NodeConfig config;
  private final NodeSecurity security;
  private final RaftNodeOptions configured;
  private final Closing early = new Closing();

  FirstStart(NodeConfig config, NodeSecurity security) {
    this.config = config;
    this.security = security;
    this.configured = NodeParts.raftOptions(config, security);
  }

  /**
   * The options to start with; asks other nodes where the directory is empty.
   *
   * @param stop completes when the node is not to start any more
   * @throws StartException when the node can or must not come to a cluster; close this then
   */
  RaftNodeOptions options(CompletableFuture<?> stop) throws StartException {
    try {
      if (!RaftNode.isFresh(configured.dataDirectory())) {
        awaitCompanions(stop);
        return configured;
      }
      List<String> members = NodeParts.joinAddresses(config);
      return members.isEmpty()
          ? configured.founding(founding(stop))
          : configured.joining(
              ClusterJoin.find(
                  members,
                  configured.clusterId(),
                  configured.nodeId(),
                  FormatLevels.HIGHEST,
                  security.toNodes(),
                  JOIN_TIMEOUT));
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Where the data were restored from a backup, and not started with yet. */
  private void awaitCompanions(CompletableFuture<?> stop) throws IOException, StartException {
    Optional<String> restored = RaftNode.restoredLineage(configured.dataDirectory());
    if (restored.isPresent()) {
      var unused =
          heard(
              ClusterFounding.restored(
                  configured.clusterId(),
                  configured.nodeId(),
                  restored.get(),
                  configured.peers(),
                  security.toNodes()),
              stop);
    }
  }

  private Founding founding(CompletableFuture<?> stop) throws IOException, StartException {
    return heard(
        ClusterFounding.fresh(
            configured.clusterId(),
            configured.nodeId(),
            Incarnation.of(configured.dataDirectory()),
            configured.peers(),
            security.toNodes()),
        stop);
  }

  private Founding heard(ClusterFounding founders, CompletableFuture<?> stop)
      throws IOException, StartException {
    if (configured.peers().size() > 1) {
      answer(founders);
    }
    return founders.await(FOUND_TIMEOUT, stop);
  }

  private void answer(ClusterFounding founders) throws StartException {
    RpcServer rpc =
        RpcServer.builder().addService(security.forNodes(founders.service().bindService())).build();
    Health health =
        new Health(
            List.of(),
            List.of(
                HealthCheck.of("founders", () -> false, "the other founders have to be heard")));
    HostPort address = config.api();
    ServerBuilder server =
        security.server(address).gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO);
    rpc.bindTo(server);
    new HealthPages(
            health,
            () ->
                CompletableFuture.completedFuture(
                    NodeStatus.newBuilder().setNodeId(configured.nodeId()).build()))
        .bindTo(server);
    server.serviceUnder("/", (context, request) -> HttpResponse.of(HttpStatus.SERVICE_UNAVAILABLE));
    HttpServers.start(server.build(), address, "PORT", early);
  }

  /** The API's port is free when this returns. */
  @Override
  public void close() {
    early.close();
  }
}
