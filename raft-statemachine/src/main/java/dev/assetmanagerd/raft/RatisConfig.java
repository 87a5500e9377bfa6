package dev.assetmanagerd.raft;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** Turns a node's options into Ratis's. Every setting that is not Ratis's own default says why. */
final class RatisConfig {
  /** Largest Raft entry. Proposals are far below; the leader checks before it submits. */
  static final int ENTRY_BYTES_MAX = 4 << 20;

  /** Snapshots kept on disk. */
  static final int SNAPSHOTS_KEPT = 2;

  /** A node that is being added and gives no sign of life for that long is given up. */
  private static final TimeDuration STAGING_TIMEOUT = TimeDuration.valueOf(30, TimeUnit.SECONDS);

  private static final long SEGMENT_BYTES_MIN = 64 << 10;
  private static final long SEGMENT_BYTES_MAX = 32 << 20;
  private static final String RPC_TYPE = "raft.rpc.type";

  private RatisConfig() {}

  /**
   * The id of the Raft group is derived from the cluster's name and lineage: nodes of another
   * cluster, or of the same one before it was restored from a backup, do not match.
   */
  static RaftGroupId groupId(String clusterId, String lineage) {
    String name = "assetmanagerd/" + clusterId + (lineage.isEmpty() ? "" : "/" + lineage);
    return RaftGroupId.valueOf(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * The members to begin with; once a node has heard of others, they count.
   *
   * @param joined whether others found the cluster. The node is then the listener of a group
   *     without voters: it follows whichever leader of the group turns to it, and can neither vote
   *     nor lead
   */
  static RaftGroup group(RaftNodeOptions options, String lineage, boolean joined) {
    // Equal priorities: leadership moves only when it must or when it is asked to.
    List<RaftPeer> peers =
        (joined
                ? Stream.of(new Member(options.self(), false))
                : options.peers().stream().map(peer -> new Member(peer, true)))
            .map(Membership::raftPeer)
            .toList();
    return RaftGroup.valueOf(groupId(options.clusterId(), lineage), peers);
  }

  /**
   * Ratis's settings.
   *
   * @param alone whether the node never had companions
   */
  static RaftProperties properties(RaftNodeOptions options, Path raftDirectory, boolean alone) {
    var properties = new RaftProperties();
    properties.set(RPC_TYPE, LeadershipEvidence.Transport.class.getName());
    RaftServerConfigKeys.setStorageDir(properties, List.of(raftDirectory.toFile()));
    // The default is a directory below /tmp.
    RaftServerConfigKeys.setRemovedGroupsDir(
        properties, raftDirectory.resolveSibling("removed-groups").toFile());
    GrpcConfigKeys.Server.setHost(properties, options.raftBindHost());
    GrpcConfigKeys.Server.setPort(properties, port(options.self().raftAddress()));
    setTimeouts(properties, options, alone);
    setLog(properties, options.snapshotThreshold());
    setSnapshots(properties, options.snapshotThreshold());
    setLimits(properties);
    return properties;
  }

  /** Mutual TLS, where there is TLS, in all of Ratis's roles: they share one port. */
  static Parameters secured(Parameters parameters, Optional<RaftTls> tls) {
    tls.ifPresent(
        own ->
            GrpcConfigKeys.TLS.setConf(
                parameters,
                GrpcTlsConfig.newBuilder()
                    .setKeyManager(own.keys())
                    .setTrustManager(own.members())
                    .setMutualTls(true)
                    .setProtocols(own.protocols())
                    .build()));
    return parameters;
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  private static void setTimeouts(
      RaftProperties properties, RaftNodeOptions options, boolean alone) {
    TimeDuration min = millis(options.electionTimeoutMin());
    TimeDuration max = millis(options.electionTimeoutMax());
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, min);
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, max);
    // Until its first change of role a node uses this pair, also after it has heard a leader. Below
    // timeout.min it would let an election start within a lease that the leader relies on. Where
    // there is nobody else to ask, there is nothing to wait for either.
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(
        properties, alone ? TimeDuration.valueOf(10, TimeUnit.MILLISECONDS) : min);
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(
        properties, alone ? TimeDuration.valueOf(50, TimeUnit.MILLISECONDS) : max);
    RaftServerConfigKeys.Rpc.setRequestTimeout(
        properties, TimeDuration.valueOf(3, TimeUnit.SECONDS));
    // Leases rest on voters that refuse to pre-vote while they hear a leader.
    RaftServerConfigKeys.LeaderElection.setPreVote(properties, true);
    // How long a leader that lost its majority abstains; the default of 10 s delays recovery when
    // it
    // is the one with the longest log.
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(properties, max);
    // A new member that installs a snapshot does not answer meanwhile.
    RaftServerConfigKeys.setStagingTimeout(properties, STAGING_TIMEOUT);
    RaftServerConfigKeys.setSleepDeviationThreshold(
        properties, TimeDuration.valueOf(300, TimeUnit.MILLISECONDS));
  }

  private static TimeDuration millis(Duration duration) {
    return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static void setLog(RaftProperties properties, long snapshotThreshold) {
    // One fsync less per commit; and with it Ratis would count an entry as applied too early.
    RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
    // Only whole segments are purged, so several have to fit between two snapshots.
    RaftServerConfigKeys.Log.setSegmentSizeMax(
        properties,
        SizeInBytes.valueOf(
            Math.max(SEGMENT_BYTES_MIN, Math.min(snapshotThreshold * 256, SEGMENT_BYTES_MAX))));
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf("64MB"));
    RaftServerConfigKeys.Log.setUnsafeFlushEnabled(properties, false);
    RaftServerConfigKeys.Log.setAsyncFlushEnabled(properties, false);
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(
        properties, SizeInBytes.valueOf(ENTRY_BYTES_MAX));
    RaftServerConfigKeys.Log.setWriteBufferSize(
        properties, SizeInBytes.valueOf(2L * ENTRY_BYTES_MAX));
    RaftServerConfigKeys.Log.setQueueElementLimit(properties, 4096);
  }

  private static void setSnapshots(RaftProperties properties, long snapshotThreshold) {
    // Ratis's own trigger stops applying on all replicas at about the same time.
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, false);
    RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(properties, false);
    RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, SNAPSHOTS_KEPT);
    // Otherwise a dead member keeps everybody's log from being purged.
    RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
    RaftServerConfigKeys.Log.setPurgeGap(
        properties, (int) Math.max(1, Math.min(1024, snapshotThreshold / 2)));
    // After a short outage a member catches up from the log instead of from a snapshot.
    RaftServerConfigKeys.Log.setPurgePreservationLogNum(
        properties, Math.min(snapshotThreshold, 200_000));
    // Chunks are written under the server's lock.
    RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(
        properties, SizeInBytes.valueOf("2MB"));
    RaftServerConfigKeys.Log.Appender.setInstallSnapshotEnabled(properties, true);
    GrpcConfigKeys.Server.setInstallSnapshotRequestTimeout(
        properties, TimeDuration.valueOf(10, TimeUnit.SECONDS));
  }

  private static void setLimits(RaftProperties properties) {
    RaftServerConfigKeys.Write.setElementLimit(properties, 4096);
    // Commands carry their own ids through the state machine; Ratis's cache only costs memory.
    RaftServerConfigKeys.RetryCache.setExpiryTime(
        properties, TimeDuration.valueOf(10, TimeUnit.SECONDS));
    GrpcConfigKeys.setMessageSizeMax(properties, SizeInBytes.valueOf("64MB"));
    GrpcConfigKeys.Server.setHeartbeatChannel(properties, true);
  }
}
