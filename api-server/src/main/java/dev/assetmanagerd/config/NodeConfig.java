package dev.assetmanagerd.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that is configured on a node, checked. Immutable; printing it shows no secrets.
 *
 * @param api where the API listens
 * @param shutdownTimeout how long calls in flight may take to finish when the node stops
 * @param logLevel how much is logged
 * @param cluster how the node takes part in the cluster
 * @param storage where blobs are
 * @param prepare how VM directories are filled
 * @param leases how long leases and sessions live
 * @param garbage what garbage collection does
 * @param security how connections are secured
 * @param builderd how images are built
 * @param tracing where traces go
 * @param metrics where metrics are served; empty when they are not
 */
public record NodeConfig(
    HostPort api,
    Duration shutdownTimeout,
    LogLevel logLevel,
    Cluster cluster,
    Storage storage,
    Prepare prepare,
    Leases leases,
    Garbage garbage,
    Security security,
    Builderd builderd,
    Tracing tracing,
    Optional<HostPort> metrics) {

  /**
   * Part in the cluster.
   *
   * @param nodeId which of the members this node is
   * @param clusterId name of the cluster
   * @param members all members, this node included
   * @param raftAddress host that Raft listens on
   * @param dataDirectory holds the Raft log and the registry
   * @param electionTimeoutMin a follower waits at least this long without a leader
   * @param electionTimeoutMax and at most this long
   * @param snapshotThreshold log entries between snapshots
   */
  public record Cluster(
      String nodeId,
      String clusterId,
      List<ClusterMember> members,
      String raftAddress,
      Path dataDirectory,
      Duration electionTimeoutMin,
      Duration electionTimeoutMax,
      long snapshotThreshold) {
    public Cluster {
      members = List.copyOf(members);
    }
  }

  /**
   * Blobs.
   *
   * @param kind of store
   * @param root of the blobs, for the kinds that are directories
   * @param s3 the object store, used with {@link StorageKind#S3} alone
   * @param cacheDirectory local copies of remote blobs
   * @param maxCacheBytes their size in all
   * @param maxAssetBytes largest asset taken
   * @param defaultKernel location of the kernel that is registered where none is; empty for none
   * @param downloadConcurrency downloads at a time
   * @param downloadTimeout bound of one download
   */
  public record Storage(
      StorageKind kind,
      Path root,
      S3 s3,
      Path cacheDirectory,
      long maxCacheBytes,
      long maxAssetBytes,
      Optional<String> defaultKernel,
      int downloadConcurrency,
      Duration downloadTimeout) {}

  /**
   * An object store.
   *
   * @param bucket that holds the blobs
   * @param region of the bucket
   * @param endpoint of a compatible server; empty for the provider's own
   * @param accessKeyId key
   * @param secretAccessKey and its secret
   */
  public record S3(
      Optional<String> bucket,
      String region,
      Optional<URI> endpoint,
      Optional<Secret> accessKeyId,
      Optional<Secret> secretAccessKey) {}

  /**
   * VM directories.
   *
   * @param roots directories that files may be placed under
   * @param remoteCallers whether callers on other hosts are served
   * @param rootfs how root file systems are placed
   * @param diskImage how disk images are placed
   */
  public record Prepare(
      List<Path> roots, boolean remoteCallers, PlacementMode rootfs, PlacementMode diskImage) {
    public Prepare {
      roots = List.copyOf(roots);
    }
  }

  /**
   * Leases and sessions.
   *
   * @param defaultTtl of a lease whose caller named none; zero: it does not expire
   * @param maxTtl longest life of a lease, and of a session with its grace; zero: any
   * @param sessionTtl of a session whose host named none
   * @param sessionGrace how long the leases of such a session outlive it
   */
  public record Leases(
      Duration defaultTtl, Duration maxTtl, Duration sessionTtl, Duration sessionGrace) {}

  /**
   * Garbage collection.
   *
   * @param enabled whether the leader collects and sweeps by itself
   * @param interval how often it collects
   * @param maxAge time without use that makes an asset garbage
   * @param rateLimit most assets marked, and most blobs deleted, per second
   * @param sweepInterval how often it compares store and registry
   * @param orphanAge age from which a blob without a record is deleted
   * @param uploadGrace how long a blob that is being stored is kept for its upload
   */
  public record Garbage(
      boolean enabled,
      Duration interval,
      Duration maxAge,
      int rateLimit,
      Duration sweepInterval,
      Duration orphanAge,
      Duration uploadGrace) {}

  /**
   * Secure connections.
   *
   * @param mode how
   * @param certFile PEM
   * @param keyFile PEM
   * @param caFile PEM
   * @param spiffeSocket workload API
   */
  public record Security(
      TlsMode mode,
      Optional<Path> certFile,
      Optional<Path> keyFile,
      Optional<Path> caFile,
      Path spiffeSocket) {}

  /**
   * Builds.
   *
   * @param enabled whether missing images are built
   * @param endpoint of builderd
   * @param timeout bound of one build
   * @param autoRegister whether builderd uploads what it has built
   * @param maxRetries of a build that builderd did not take, or lost
   * @param retryDelay pause before the first retry
   * @param pollInterval how often builderd is asked how far a build is
   * @param startGrace how long the result of a build is waited for that builderd may have taken
   * @param failureTtl how long the first failure in a row is the answer
   */
  public record Builderd(
      boolean enabled,
      URI endpoint,
      Duration timeout,
      boolean autoRegister,
      int maxRetries,
      Duration retryDelay,
      Duration pollInterval,
      Duration startGrace,
      Duration failureTtl) {}

  /**
   * Traces.
   *
   * @param enabled whether they are exported
   * @param serviceName name in them
   * @param serviceVersion version in them; empty for the program's own
   * @param endpoint OTLP over HTTP
   * @param samplingRate share of calls traced, from 0 to 1
   */
  public record Tracing(
      boolean enabled,
      String serviceName,
      Optional<String> serviceVersion,
      String endpoint,
      double samplingRate) {}

  /**
   * Reads and checks the configuration.
   *
   * @param environment all variables; those without the program's prefix are left alone
   * @throws ConfigurationException with all problems at once
   */
  public static NodeConfig read(Map<String, String> environment) throws ConfigurationException {
    return NodeConfigReader.read(environment);
  }

  /** This node's own entry of the member list. */
  public ClusterMember self() {
    return cluster.members().stream()
        .filter(member -> member.id().equals(cluster.nodeId()))
        .findFirst()
        .orElseThrow();
  }
}
