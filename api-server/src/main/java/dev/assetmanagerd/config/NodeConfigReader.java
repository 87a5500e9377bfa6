package dev.assetmanagerd.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** From the environment to a {@link NodeConfig}. */
final class NodeConfigReader {
  private final Values values;

  private NodeConfigReader(Values values) {
    this.values = values;
  }

  static NodeConfig read(Map<String, String> environment) throws ConfigurationException {
    Values values = Values.read(environment);
    List<String> problems = new ArrayList<>(values.problems());
    problems.addAll(Rules.problems(values));
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new NodeConfigReader(values).build();
  }

  private NodeConfig build() {
    return new NodeConfig(
        new HostPort(values.get(Options.ADDRESS), values.get(Options.PORT)),
        values.get(Options.SHUTDOWN_TIMEOUT),
        values.get(Options.LOG_LEVEL),
        cluster(),
        storage(),
        new NodeConfig.Prepare(
            values.get(PrepareOptions.PREPARE_ROOTS),
            values.get(PrepareOptions.PREPARE_REMOTE_CALLERS),
            values.get(PrepareOptions.PREPARE_KERNEL),
            values.get(PrepareOptions.PREPARE_INITRD),
            values.get(PrepareOptions.PREPARE_ROOTFS),
            values.get(PrepareOptions.PREPARE_DISK_IMAGE),
            values.get(PrepareOptions.PREPARE_OWNER),
            values.get(PrepareOptions.PREPARE_MODE)),
        new NodeConfig.Leases(
            values.get(Options.LEASE_DEFAULT_TTL),
            values.get(Options.LEASE_MAX_TTL),
            values.get(Options.SESSION_DEFAULT_TTL),
            values.get(Options.SESSION_DEFAULT_GRACE)),
        new NodeConfig.Garbage(
            values.get(Options.GC_ENABLED),
            values.get(Options.GC_INTERVAL),
            values.get(Options.GC_MAX_AGE),
            values.get(Options.GC_RATE_LIMIT),
            values.get(Options.GC_SWEEP_INTERVAL),
            values.get(Options.GC_ORPHAN_AGE),
            values.get(Options.GC_UPLOAD_GRACE)),
        new NodeConfig.Backups(
            values.find(BackupOptions.BACKUP_LOCATION),
            values.get(BackupOptions.BACKUP_INTERVAL),
            values.get(BackupOptions.BACKUP_KEEP)),
        security(),
        builderd(),
        tracing(),
        metrics());
  }

  private NodeConfig.Cluster cluster() {
    return new NodeConfig.Cluster(
        values.get(Options.NODE_ID),
        values.get(Options.CLUSTER_ID),
        Derived.members(values),
        values
            .find(Options.RAFT_ADDRESS)
            .orElseGet(() -> Derived.self(values).orElseThrow().raft().host()),
        Derived.dataDirectory(values),
        values.get(Options.ELECTION_TIMEOUT_MIN),
        values.get(Options.ELECTION_TIMEOUT_MAX),
        values.get(Options.SNAPSHOT_THRESHOLD),
        values.get(Options.REPLICA_CHECK_INTERVAL),
        new NodeConfig.Join(
            values.find(Options.CLUSTER_JOIN).orElse(List.of()),
            values.get(Options.CLUSTER_JOIN_AS),
            values.get(Options.AUTO_REBUILD)));
  }

  private NodeConfig.Storage storage() {
    return new NodeConfig.Storage(
        values.get(StorageOptions.STORAGE_BACKEND),
        StorageRules.root(values).map(Map.Entry::getValue),
        values.get(StorageOptions.NFS_REQUIRE_MOUNT),
        values.get(StorageOptions.STORAGE_TIMEOUT),
        values.get(StorageOptions.STORAGE_THREADS),
        s3(),
        new NodeConfig.HttpSources(
            values.get(StorageOptions.HTTP_SOURCE_HOSTS),
            values.get(StorageOptions.HTTP_SOURCE_ALLOW_PRIVATE),
            values.get(StorageOptions.HTTP_SOURCE_ALLOW_PLAIN)),
        new NodeConfig.Cache(
            values.get(StorageOptions.CACHE_DIR),
            values.get(StorageOptions.MAX_CACHE_SIZE),
            values.get(StorageOptions.CACHE_PEERS),
            values.get(StorageOptions.DOWNLOAD_CONCURRENCY),
            values.get(StorageOptions.DOWNLOAD_TIMEOUT)),
        new NodeConfig.Scrub(
            values.get(StorageOptions.SCRUB_RATE), values.get(StorageOptions.SCRUB_INTERVAL)),
        values.get(StorageOptions.MAX_ASSET_SIZE),
        values.get(StorageOptions.UPLOAD_TTL),
        values.get(StorageOptions.UPLOAD_PART_SIZE),
        values.get(StorageOptions.DEFAULT_KERNEL));
  }

  private NodeConfig.S3 s3() {
    return new NodeConfig.S3(
        values.find(S3Options.S3_BUCKET),
        values.get(S3Options.S3_PREFIX),
        values.get(S3Options.S3_REGION),
        values.find(S3Options.S3_ENDPOINT),
        pathStyle(),
        StorageRules.secret(values, S3Options.S3_ACCESS_KEY_ID, S3Options.S3_ACCESS_KEY_ID_FILE),
        StorageRules.secret(
            values, S3Options.S3_SECRET_ACCESS_KEY, S3Options.S3_SECRET_ACCESS_KEY_FILE),
        values.get(S3Options.S3_CHECKSUMS),
        values.get(S3Options.S3_CHUNKED_ENCODING),
        values.get(S3Options.S3_PART_SIZE));
  }

  private boolean pathStyle() {
    return switch (values.get(S3Options.S3_PATH_STYLE)) {
      case AUTO -> values.find(S3Options.S3_ENDPOINT).isPresent();
      case TRUE -> true;
      case FALSE -> false;
    };
  }

  private NodeConfig.Security security() {
    return new NodeConfig.Security(
        values.get(Options.TLS_MODE),
        values.find(Options.TLS_CERT_FILE),
        values.find(Options.TLS_KEY_FILE),
        values.find(Options.TLS_CA_FILE),
        values.find(Options.TLS_PEER_NAMES).orElse(List.of()),
        values.get(Options.TLS_MIN_VERSION),
        values.get(Options.SPIFFE_SOCKET));
  }

  private NodeConfig.Builderd builderd() {
    return new NodeConfig.Builderd(
        values.get(Options.BUILDERD_ENABLED),
        values.get(Options.BUILDERD_ENDPOINT),
        values.get(Options.BUILDERD_TIMEOUT),
        values.get(Options.BUILDERD_AUTO_REGISTER),
        values.get(Options.BUILDERD_MAX_RETRIES),
        values.get(Options.BUILDERD_RETRY_DELAY),
        values.get(Options.BUILDERD_POLL_INTERVAL),
        values.get(Options.BUILDERD_START_GRACE),
        values.get(Options.BUILDERD_FAILURE_TTL));
  }

  private NodeConfig.Tracing tracing() {
    return new NodeConfig.Tracing(
        values.get(Options.OTEL_ENABLED),
        values.get(Options.OTEL_SERVICE_NAME),
        values.find(Options.OTEL_SERVICE_VERSION),
        values.get(Options.OTEL_ENDPOINT),
        values.get(Options.OTEL_SAMPLING_RATE));
  }

  private Optional<HostPort> metrics() {
    return values.get(Options.OTEL_PROMETHEUS_ENABLED)
        ? Optional.of(
            new HostPort(
                values.get(Options.OTEL_PROMETHEUS_INTERFACE),
                values.get(Options.OTEL_PROMETHEUS_PORT)))
        : Optional.empty();
  }
}
