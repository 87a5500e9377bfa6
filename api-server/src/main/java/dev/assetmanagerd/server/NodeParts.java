package dev.assetmanagerd.server;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.asset.AssetServiceOptions;
import dev.assetmanagerd.asset.GarbageOptions;
import dev.assetmanagerd.asset.LeaseLimits;
import dev.assetmanagerd.asset.PrepareOptions;
import dev.assetmanagerd.asset.TransferSettings;
import dev.assetmanagerd.build.BuildSettings;
import dev.assetmanagerd.cluster.ClusterJoin;
import dev.assetmanagerd.config.ClusterMember;
import dev.assetmanagerd.config.HostPort;
import dev.assetmanagerd.config.JoinAs;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.process.ProgramVersion;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.PeerLink;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.raft.RaftNodeOptions;
import dev.assetmanagerd.storage.place.FileAccess;
import dev.assetmanagerd.storage.place.FileOwner;
import dev.assetmanagerd.storage.place.PlacementMode;
import java.io.IOException;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From the configuration to the parts of a node that it describes. */
final class NodeParts {
  private static final Logger LOG = LoggerFactory.getLogger(NodeParts.class);

  private static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(30);
  private static final Duration UPLOAD_IDLE_TIMEOUT = Duration.ofMinutes(2);
  private static final int MAX_UPLOADS = 64;
  private static final Duration BUILDERD_CALL_TIMEOUT = Duration.ofSeconds(30);

  /** An upload takes longer than an answer. */
  private static final int UPLOAD_GRACES = 5;

  private NodeParts() {}

  static RaftNode startRaft(RaftNodeOptions options, PeerLink links, LeadershipListener listener)
      throws StartException {
    try {
      return RaftNode.start(options, links, listener);
    } catch (IOException e) {
      String message = e.getMessage();
      throw new StartException(message == null ? e.toString() : message, e);
    }
  }

  static RaftNodeOptions raftOptions(NodeConfig config, NodeSecurity security) {
    NodeConfig.Cluster cluster = config.cluster();
    return new RaftNodeOptions(
            cluster.nodeId(),
            cluster.clusterId(),
            cluster.members().stream().map(NodeParts::peer).toList(),
            cluster.raftAddress(),
            cluster.dataDirectory(),
            cluster.electionTimeoutMin(),
            cluster.electionTimeoutMax(),
            cluster.snapshotThreshold(),
            ProgramVersion.text())
        .secured(security.raft());
  }

  /**
   * The configuration that holds while a node that is being rebuilt comes back; begins the rebuild
   * where one is due.
   *
   * @throws StartException when it cannot begin, or the note of it cannot be read
   */
  static NodeConfig comingBack(NodeConfig config, NodeSecurity security) throws StartException {
    try {
      new NodeRebuild(config, security.toNodes(), Clock.systemUTC(), LOG::warn).runIfNoted();
      return ComeBack.find(config.cluster().dataDirectory())
          .map(note -> note.applyTo(config))
          .orElse(config);
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Asks to be what it is configured to be, until it is. */
  static ClusterJoin clusterJoin(
      NodeConfig config, NodeSecurity security, RaftNodeOptions options, RaftNode raft) {
    boolean listener = config.cluster().join().as() == JoinAs.LISTENER;
    return new ClusterJoin(
        joinAddresses(config),
        options.self().apiAddress(),
        options.nodeId(),
        listener,
        security.toNodes(),
        () ->
            listener
                ? !raft.waitsToBeAdded()
                : !raft.waitsToBeAdded()
                    && raft.membership()
                        .current()
                        .find(options.nodeId())
                        .filter(Member::voter)
                        .isPresent(),
        () -> forgetComeBack(config));
  }

  private static void forgetComeBack(NodeConfig config) {
    try {
      ComeBack.forget(config.cluster().dataDirectory());
    } catch (IOException e) {
      LOG.warn("a note that has served cannot be deleted; it does no harm", e);
    }
  }

  static List<String> joinAddresses(NodeConfig config) {
    return config.cluster().join().members().stream().map(HostPort::toString).toList();
  }

  static AssetServiceOptions assetOptions(NodeConfig config) {
    return new AssetServiceOptions(
        switch (config.storage().kind()) {
          case LOCAL -> StorageBackend.STORAGE_BACKEND_LOCAL;
          case NFS -> StorageBackend.STORAGE_BACKEND_NFS;
          case S3 -> StorageBackend.STORAGE_BACKEND_S3;
        },
        config.storage().maxAssetBytes(),
        DEFAULT_DEADLINE,
        UPLOAD_IDLE_TIMEOUT,
        MAX_UPLOADS,
        garbage(config.garbage()),
        prepareOptions(config),
        new LeaseLimits(
            config.leases().defaultTtl(),
            config.leases().maxTtl(),
            config.leases().sessionTtl(),
            config.leases().sessionGrace()));
  }

  static BuildSettings buildSettings(NodeConfig.Builderd builderd) {
    return new BuildSettings(
        builderd.enabled(),
        builderd.endpoint(),
        BUILDERD_CALL_TIMEOUT,
        builderd.timeout(),
        builderd.autoRegister(),
        builderd.maxRetries(),
        builderd.retryDelay(),
        builderd.pollInterval(),
        builderd.startGrace(),
        builderd.startGrace().multipliedBy(UPLOAD_GRACES),
        builderd.failureTtl());
  }

  static TransferSettings transferSettings(NodeConfig config, OpenedStore store) {
    return new TransferSettings(
        store.parts(),
        store.direct(),
        config.storage().uploadTtl(),
        Math.toIntExact(config.storage().uploadPartBytes()));
  }

  private static GarbageOptions garbage(NodeConfig.Garbage garbage) {
    return new GarbageOptions(
        garbage.enabled(),
        garbage.interval(),
        garbage.maxAge(),
        garbage.rateLimit(),
        garbage.sweepInterval(),
        garbage.orphanAge(),
        garbage.uploadGrace());
  }

  private static PeerSpec peer(ClusterMember member) {
    return new PeerSpec(member.id(), member.raft().toString(), member.api().toString());
  }

  private static PrepareOptions prepareOptions(NodeConfig config) {
    NodeConfig.Prepare prepare = config.prepare();
    return new PrepareOptions(
        placement(prepare.kernel()),
        placement(prepare.initrd()),
        placement(prepare.rootfs()),
        placement(prepare.diskImage()),
        new FileAccess(
            prepare.owner().map(owner -> new FileOwner(owner.uid(), owner.gid())),
            permissions(prepare.mode())),
        prepare.remoteCallers(),
        config.storage().cache().fetchTimeout());
  }

  /** From the nine bits of chmod, the owner's right to read being the highest. */
  private static Set<PosixFilePermission> permissions(int mode) {
    PosixFilePermission[] all = PosixFilePermission.values(); // in the order of the bits
    return IntStream.range(0, all.length)
        .filter(i -> (mode >> (all.length - 1 - i) & 1) != 0)
        .mapToObj(i -> all[i])
        .collect(Collectors.toSet());
  }

  private static PlacementMode placement(dev.assetmanagerd.config.PlacementMode mode) {
    return switch (mode) {
      case COPY -> PlacementMode.CLONE;
      case LINK -> PlacementMode.LINK;
    };
  }
}
