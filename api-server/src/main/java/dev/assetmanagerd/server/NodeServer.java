package dev.assetmanagerd.server;

import com.google.common.collect.Sets;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.linecorp.armeria.common.util.BlockingTaskExecutor;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import dev.assetmanagerd.asset.AssetModule;
import dev.assetmanagerd.asset.LeaderRegistrar;
import dev.assetmanagerd.asset.LocalCopies;
import dev.assetmanagerd.backup.BackupModule;
import dev.assetmanagerd.build.ArtifactRegistrar;
import dev.assetmanagerd.build.BuildModule;
import dev.assetmanagerd.build.Builds;
import dev.assetmanagerd.cluster.CachedBlobStreams;
import dev.assetmanagerd.cluster.CallGate;
import dev.assetmanagerd.cluster.ClusterGrpcService;
import dev.assetmanagerd.cluster.FormatUpgrade;
import dev.assetmanagerd.cluster.LeaderForwarding;
import dev.assetmanagerd.cluster.LeadershipTransfer;
import dev.assetmanagerd.cluster.LocalNode;
import dev.assetmanagerd.cluster.MemberCalls;
import dev.assetmanagerd.cluster.MemberStatuses;
import dev.assetmanagerd.cluster.NewClusterLevel;
import dev.assetmanagerd.cluster.NodeGrpcService;
import dev.assetmanagerd.cluster.NodeLinks;
import dev.assetmanagerd.cluster.PeerBlobs;
import dev.assetmanagerd.cluster.ReplicaCheck;
import dev.assetmanagerd.cluster.ReplicaCheckSchedule;
import dev.assetmanagerd.cluster.StrayMembers;
import dev.assetmanagerd.config.JoinAs;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.connect.RpcServer;
import dev.assetmanagerd.kernel.DefaultKernel;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.raft.RaftNodeOptions;
import dev.assetmanagerd.raft.RemovedException;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.place.Placement;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running node.
 *
 * <p>{@link #start} puts the parts together, each on top of those before; {@link #close} takes them
 * apart in the opposite order, so that calls in flight find everything they need until they are
 * done.
 */
final class NodeServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeServer.class);
  private static final LongSupplier NANO_CLOCK = System::nanoTime;

  /** A batch of commands from a follower has half of it; all other requests are far smaller. */
  private static final int MAX_MESSAGE_BYTES = 2 << 20;

  private static final int MAX_UPLOAD_MESSAGE_BYTES = 8 << 20;

  /** More than may wait for the threads below, or they would wait for each other. */
  private static final int CALL_THREADS = 200;

  private static final int IO_THREADS = 64;

  /** Planned, it takes a round trip or two; where it takes longer, an election is as good. */
  private static final Duration HANDOVER_TIMEOUT = Duration.ofSeconds(3);

  /** When no call is left, their answers may still be on the way out. */
  private static final Duration QUIET_PERIOD = Duration.ofMillis(100);

  private static final Duration FLUSH_TIMEOUT = Duration.ofSeconds(2);

  private final RaftNode raft;
  private final Health health;
  private final NodeMonitor monitor;
  private final Builds builds;
  private final CallGate gate;
  private final Duration shutdownTimeout;
  private final Closing parts;

  private NodeServer(
      RaftNode raft,
      Health health,
      NodeMonitor monitor,
      Builds builds,
      CallGate gate,
      Duration shutdownTimeout,
      Closing parts) {
    this.raft = raft;
    this.health = health;
    this.monitor = monitor;
    this.builds = builds;
    this.gate = gate;
    this.shutdownTimeout = shutdownTimeout;
    this.parts = parts;
  }

  /**
   * Starts a node and returns when it listens; it may not be ready then.
   *
   * @throws StartException when it cannot start; nothing is left running
   */
  static NodeServer start(NodeConfig config) throws StartException {
    return start(config, FailPoints.off(), new CompletableFuture<>());
  }

  /**
   * As {@link #start(NodeConfig)}, with the faults that a test orders.
   *
   * @param stop completes when the node is not to start any more: one that waits for the others to
   *     found a cluster gives that up then
   */
  static NodeServer start(NodeConfig config, FailPoints failPoints, CompletableFuture<?> stop)
      throws StartException {
    Closing parts = new Closing();
    try {
      return start(config, failPoints, stop, parts);
    } catch (StartException | RuntimeException | Error e) {
      parts.close();
      throw e;
    }
  }

  private static NodeServer start(
      NodeConfig configured, FailPoints failPoints, CompletableFuture<?> stop, Closing parts)
      throws StartException {
    parts.add(DataDirectoryLock.take(configured)); // before anything is touched
    NodeSecurity security = parts.add(NodeSecurity.open(configured));
    NodeConfig config = NodeParts.comingBack(configured, security);
    OpenedStore store = parts.add(BlobStores.open(config));
    BlobStore blobs = store.blobs();
    Placement placement = new Placement(config.prepare().roots(), Clock.systemUTC());
    PrepareRoots.check(
        placement,
        NodeCache.placedFrom(config, blobs),
        NodeParts.assetOptions(config).prepare().access());
    BlobStoreProbe probe = parts.add(new BlobStoreProbe(blobs, store::hanging, NANO_CLOCK));
    Executor io = ioThreads(parts);
    FirstStart first = parts.add(new FirstStart(config, security));
    RaftNodeOptions raftOptions = first.options(stop);
    NodeLinks links = parts.add(new NodeLinks(others(raftOptions), security.toNodes()));
    LeadershipRelay leadership = new LeadershipRelay();
    RaftNode raft = parts.add(NodeParts.startRaft(raftOptions, links, leadership));

    ApplyWatch applying = new ApplyWatch(NANO_CLOCK);
    Health health = health(raft, applying, probe);
    LocalNode local = new RaftLocalNode(raft, () -> health.ready().ok(), io);
    Metrics metrics = parts.add(new Metrics());
    security.identity().ifPresent(any -> metrics.certificate(security::identity));
    metrics.writes(() -> raft.status(false).getWriteCounters());
    store.steps().ifPresent(metrics::store);
    NodeCache cache = NodeCache.open(config, raft, metrics, parts);
    PeerBlobs peers = new PeerBlobs(links, NANO_CLOCK);
    LocalCopies copies = cache.copies(peers);
    ArtifactRegistrar registrar =
        new LeaderRegistrar(raft, blobs, copies, NodeParts.assetOptions(config), io);
    BuildModule builds =
        parts.add(
            new BuildModule(
                NodeParts.buildSettings(config.builderd()),
                raft,
                registrar,
                parts.add(security.toServices()),
                failPoints));
    leadership.add(builds.leadershipListener());
    config
        .storage()
        .defaultKernel()
        .map(location -> parts.add(new DefaultKernel(raft, blobs, registrar, location)))
        .ifPresent(leadership::add);
    AssetModule assets =
        parts.add(
            new AssetModule(
                raftOptions.nodeId(),
                NodeParts.assetOptions(config),
                raft,
                blobs,
                copies,
                NodeParts.transferSettings(config, store),
                placement,
                builds.builds(),
                io,
                Clock.systemUTC(),
                failPoints));
    leadership.add(assets.leadershipListener());
    cache.scrub(config, raft, blobs, copies, leadership, metrics, parts);
    metrics.garbage(assets.garbageCounters());
    metrics.prepare(assets.prepareCounters());
    BackupModule backups = Backups.open(config, raft, blobs, parts);
    leadership.add(backups.leadershipListener());
    metrics.backups(backups);

    MemberStatuses members = new MemberStatuses(raftOptions.nodeId(), raft::peers, local, links);
    FormatUpgrade upgrade = new FormatUpgrade(members, local);
    leadership.add(new NewClusterLevel(raft, upgrade, io));
    leadership.add(
        new StrayMembers(
            new ClusterName(raftOptions.clusterId(), raft.lineage()),
            raftOptions.nodeId(),
            raft::members,
            raft.membership()::progress,
            local,
            security.toNodes(),
            io));
    ReplicaCheck check =
        new ReplicaCheck(raftOptions.nodeId(), raft::members, local, links, io, NANO_CLOCK);
    leadership.add(new ReplicaCheckSchedule(check, config.cluster().replicaCheckInterval(), io));
    metrics.replicaCheck(check.counters());

    CallGate gate = new CallGate();
    LeaderForwarding forwarding =
        new LeaderForwarding(
            raftOptions.nodeId(),
            local,
            links,
            Sets.union(
                Sets.union(assets.leaderMethods(), ClusterGrpcService.leaderMethods()),
                BackupModule.leaderMethods()));
    RpcServer rpc =
        rpc(
            assets,
            Stream.concat(
                    clusterServices(
                        raftOptions,
                        raft,
                        local,
                        links,
                        members,
                        upgrade,
                        check,
                        cache.streams(),
                        security,
                        io)
                        .stream(),
                    Stream.of(backups.service()))
                .toList(),
            List.of(forwarding, gate, metrics.calls()));
    NodeMonitor monitor =
        parts.add(
            new NodeMonitor(
                health, rpc, assets.services(), () -> applying.look(raft.status(false))));
    HealthPages pages = new HealthPages(health, () -> local.status(false));
    BlockingTaskExecutor calls = callThreads(parts);
    startMetricsServer(config, metrics, pages, calls, parts);
    first.close();
    startApiServer(config, security, rpc, pages, health, calls, parts);
    monitor.start();
    if (config.cluster().join().as() != JoinAs.NONE
        && !config.cluster().join().members().isEmpty()) {
      parts.add(NodeParts.clusterJoin(config, security, raftOptions, raft)).start();
    }
    return new NodeServer(
        raft, health, monitor, builds.builds(), gate, config.shutdownTimeout(), parts);
  }

  /** Completes with the reason when the node can no longer do its work, before any close. */
  CompletableFuture<String> terminated() {
    return raft.terminated()
        .thenApply(
            reason ->
                reason instanceof RemovedException removed
                    ? String.valueOf(removed.getMessage())
                    : reason.toString())
        .toCompletableFuture();
  }

  /**
   * Stops in good order: no longer ready; those who wait for builds sent to other nodes; leadership
   * moved; no new calls; calls in flight finished, or cut when the configured time is up; then the
   * rest.
   */
  @Override
  public void close() {
    health.stopping();
    monitor.tick();
    builds.close();
    handOverLeadership();
    awaitCalls();
    parts.close();
  }

  private void awaitCalls() {
    try {
      var unused = gate.close().get(shutdownTimeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.warn("calls are still in flight after {} s; cutting them", shutdownTimeout.toSeconds());
    } catch (ExecutionException e) {
      throw new IllegalStateException("a gate does not fail", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void handOverLeadership() {
    if (!raft.isLeader() || raft.membership().current().voters().size() == 1) {
      return;
    }
    try {
      var unused =
          raft.transferLeadership(null, HANDOVER_TIMEOUT)
              .get(HANDOVER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.warn("leadership could not be handed over; the others will elect: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Health health(RaftNode raft, ApplyWatch applying, BlobStoreProbe probe) {
    HealthCheck running =
        HealthCheck.of(
            "raft",
            () -> !raft.terminated().toCompletableFuture().isDone(),
            "this node takes no part in the cluster any more");
    return new Health(
        List.of(running, new HealthCheck("apply", applying::problem)),
        List.of(
            running,
            HealthCheck.of(
                "member", () -> !raft.waitsToBeAdded(), "waits to be added to the cluster"),
            HealthCheck.of("leader", () -> raft.leaderId().isPresent(), "no leader is known"),
            HealthCheck.of(
                "caught-up", raft::caughtUp, "not all is applied that was committed at the start"),
            new HealthCheck("blob-store", probe::problem)));
  }

  private static List<ServerServiceDefinition> clusterServices(
      RaftNodeOptions options,
      RaftNode raft,
      LocalNode local,
      NodeLinks links,
      MemberStatuses members,
      FormatUpgrade upgrade,
      ReplicaCheck check,
      CachedBlobStreams cachedBlobs,
      NodeSecurity security,
      Executor io) {
    LeadershipTransfer transfer =
        new LeadershipTransfer(options.nodeId(), local, links, io, NANO_CLOCK);
    return List.of(
        new ClusterGrpcService(
                options.clusterId(),
                raft::peers,
                members,
                transfer,
                upgrade,
                new MemberCalls(
                    options.nodeId(),
                    options.clusterId(),
                    raft.lineage(),
                    raft::formatLevel,
                    raft.membership(),
                    local,
                    links,
                    transfer,
                    io,
                    NANO_CLOCK),
                check)
            .bindService(),
        security.forNodes(new NodeGrpcService(local, cachedBlobs, check).bindService()));
  }

  private static RpcServer rpc(
      AssetModule assets,
      List<ServerServiceDefinition> clusterServices,
      List<ServerInterceptor> interceptors) {
    return RpcServer.builder()
        .addServices(
            Stream.concat(assets.services().stream(), clusterServices.stream())
                .map(service -> ServerInterceptors.intercept(service, interceptors))
                .toList())
        .maxMessageBytes(MAX_MESSAGE_BYTES)
        .maxStreamedMessageBytes(MAX_UPLOAD_MESSAGE_BYTES)
        .corsExposedHeaders(
            "assetmanager-index",
            "assetmanager-leases",
            "assetmanager-outcome",
            "assetmanager-replayed")
        .build();
  }

  private static void startApiServer(
      NodeConfig config,
      NodeSecurity security,
      RpcServer rpc,
      HealthPages pages,
      Health health,
      BlockingTaskExecutor calls,
      Closing parts)
      throws StartException {
    ServerBuilder builder =
        security
            .server(config.api())
            .blockingTaskExecutor(calls, false)
            .gracefulShutdownTimeout(QUIET_PERIOD, FLUSH_TIMEOUT);
    rpc.bindTo(builder);
    pages.bindTo(builder);
    builder.decorator(HttpServers.closingConnections(health::isStopping));
    HttpServers.start(builder.build(), config.api(), "PORT", parts);
    log.info(
        "the API listens on {}{}",
        config.api(),
        security.identity().isPresent() ? " with TLS" : " without encryption");
  }

  private static void startMetricsServer(
      NodeConfig config,
      Metrics metrics,
      HealthPages pages,
      BlockingTaskExecutor calls,
      Closing parts)
      throws StartException {
    if (config.metrics().isEmpty()) {
      return;
    }
    ServerBuilder builder =
        HttpServers.plain(config.metrics().get()).blockingTaskExecutor(calls, false);
    builder.service("/metrics", metrics.page());
    pages.bindTo(builder);
    Server server = builder.build();
    HttpServers.start(server, config.metrics().get(), "OTEL_PROMETHEUS_PORT", parts);
  }

  private static BlockingTaskExecutor callThreads(Closing parts) {
    BlockingTaskExecutor executor =
        BlockingTaskExecutor.builder().threadNamePrefix("call").numThreads(CALL_THREADS).build();
    parts.add(() -> executor.unwrap().shutdown());
    return executor;
  }

  /** Its queue is as long as calls are in flight, which the server bounds. */
  private static Executor ioThreads(Closing parts) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            IO_THREADS,
            IO_THREADS,
            60,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            new ThreadFactoryBuilder().setNameFormat("io-%d").setDaemon(true).build());
    executor.allowCoreThreadTimeOut(true);
    parts.add(executor::shutdown);
    return executor;
  }

  private static List<PeerSpec> others(RaftNodeOptions options) {
    return options.peers().stream().filter(peer -> !peer.id().equals(options.nodeId())).toList();
  }
}
