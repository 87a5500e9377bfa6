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
 * @param backups what the leader does about backups
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
    Backups backups,
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
   * @param replicaCheckInterval pause between comparisons of the replicas; zero for never
   * @param join how a node without data gets into a cluster that there is
   */
  public record Cluster(
      String nodeId,
      String clusterId,
      List<ClusterMember> members,
      String raftAddress,
      Path dataDirectory,
      Duration electionTimeoutMin,
      Duration electionTimeoutMax,
      long snapshotThreshold,
      Duration replicaCheckInterval,
      Join join) {
    public Cluster {
      members = List.copyOf(members);
    }
  }

  /**
   * Getting into a cluster that there is.
   *
   * @param members APIs of members to ask; none where the node founds its cluster
   * @param as what it asks to be
   * @param rebuild whether it comes back by itself when its data must not be used any more
   */
  public record Join(List<HostPort> members, JoinAs as, boolean rebuild) {
    public Join {
      members = List.copyOf(members);
    }
  }

  /**
   * Blobs.
   *
   * @param kind of store
   * @param root of the blobs, for the kinds that are directories
   * @param requireMount whether an NFS root has to be on an NFS mount
   * @param timeout of one step of reading or writing
   * @param threads such steps at a time
   * @param s3 the object store, used with {@link StorageKind#S3}, and for backups in a bucket
   * @param http where assets may come from by URL
   * @param cache local files of remote blobs
   * @param scrub checks of stored bytes
   * @param maxAssetBytes largest asset taken
   * @param uploadTtl how long a resumable upload is kept without another byte
   * @param uploadPartBytes bytes of such an upload that are made safe at a time
   * @param defaultKernel location of the kernel that is registered where none is; empty for none
   */
  public record Storage(
      StorageKind kind,
      Optional<Path> root,
      boolean requireMount,
      Duration timeout,
      int threads,
      S3 s3,
      HttpSources http,
      Cache cache,
      Scrub scrub,
      long maxAssetBytes,
      Duration uploadTtl,
      long uploadPartBytes,
      Optional<String> defaultKernel) {}

  /**
   * An object store.
   *
   * @param bucket that holds the blobs
   * @param prefix of all keys, without a slash at its end; empty for none
   * @param region of the bucket
   * @param endpoint of a compatible server; empty for the provider's own
   * @param pathStyle whether the bucket is in the path of requests
   * @param accessKeyId key; empty for the SDK's usual places
   * @param secretAccessKey and its secret; there when the key is
   * @param checksums when requests carry them
   * @param chunkedEncoding whether bodies are signed in chunks
   * @param partBytes size of the parts of larger blobs
   */
  public record S3(
      Optional<String> bucket,
      String prefix,
      String region,
      Optional<URI> endpoint,
      boolean pathStyle,
      Optional<Secret> accessKeyId,
      Optional<Secret> secretAccessKey,
      S3Checksums checksums,
      boolean chunkedEncoding,
      long partBytes) {}

  /**
   * Assets that are registered by their URL.
   *
   * @param hosts lower-case names, {@code *.name} for all below a name, {@code :port} or {@code :*}
   *     behind it for other ports than the usual one; none where it is empty
   * @param allowPrivate whether private addresses may be connected to
   * @param allowPlain whether http is taken beside https
   */
  public record HttpSources(List<String> hosts, boolean allowPrivate, boolean allowPlain) {
    public HttpSources {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * Local files of remote blobs.
   *
   * @param directory that holds them
   * @param maxBytes their size in all
   * @param peers whether other nodes are asked before the store
   * @param fetches blobs fetched at a time
   * @param fetchTimeout bound of fetching one
   */
  public record Cache(
      Path directory, long maxBytes, boolean peers, int fetches, Duration fetchTimeout) {}

  /**
   * Checks of stored bytes.
   *
   * @param bytesPerSecond how fast they are read; 0: never
   * @param interval from the beginning of one round to the next
   */
  public record Scrub(long bytesPerSecond, Duration interval) {}

  /**
   * VM directories.
   *
   * @param roots directories that files may be placed under
   * @param remoteCallers whether callers on other hosts are served
   * @param kernel how kernels are placed
   * @param initrd how initial RAM disks are placed
   * @param rootfs how root file systems are placed
   * @param diskImage how disk images are placed
   * @param owner of files that are no links; empty: whoever the node runs as
   * @param mode permission bits of files to be written to
   */
  public record Prepare(
      List<Path> roots,
      boolean remoteCallers,
      PlacementMode kernel,
      PlacementMode initrd,
      PlacementMode rootfs,
      PlacementMode diskImage,
      Optional<FileOwner> owner,
      int mode) {
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
   * Backups.
   *
   * @param location where they go; empty for nowhere
   * @param interval how often the leader makes one; zero: never by itself
   * @param keep how many are kept
   */
  public record Backups(Optional<BackupLocation> location, Duration interval, int keep) {}

  /**
   * Secure connections.
   *
   * @param mode how
   * @param certFile PEM; there with {@link TlsMode#FILE}, as the next two are
   * @param keyFile PEM
   * @param caFile PEM
   * @param peerNames one of which a node's certificate has; none where there are no other nodes
   * @param minVersion of TLS, {@code 1.2} or {@code 1.3}
   * @param spiffeSocket workload API
   */
  public record Security(
      TlsMode mode,
      Optional<Path> certFile,
      Optional<Path> keyFile,
      Optional<Path> caFile,
      List<String> peerNames,
      String minVersion,
      Path spiffeSocket) {
    public Security {
      peerNames = List.copyOf(peerNames);
    }
  }

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

  /** The same, but for its part in the cluster. */
  public NodeConfig withCluster(Cluster other) {
    return new NodeConfig(
        api,
        shutdownTimeout,
        logLevel,
        other,
        storage,
        prepare,
        leases,
        garbage,
        backups,
        security,
        builderd,
        tracing,
        metrics);
  }

  /** This node's own entry of the member list. */
  public ClusterMember self() {
    return cluster.members().stream()
        .filter(member -> member.id().equals(cluster.nodeId()))
        .findFirst()
        .orElseThrow();
  }
}
